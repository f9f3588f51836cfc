import type { ApiKeyRecord } from '../../contract/records.ts';
import { audit } from '../../lambda/adapters/aws/audit.ts';
import { KeyguardError } from '../../lambda/foundation/errors.ts';
import { checkedApiKeyId, checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { dryCut, dryRun } from '../dry-run.ts';
import { emergencyPlan, onItsWayBack } from '../emergency-plan.ts';
import { isOffByRecord, rotateInEmergency } from '../emergency.ts';
import { rotateAndFollow } from '../follow.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { isDead, justRotated, justRotatedError, repeatMs } from '../just-rotated.ts';
import { checkRotates } from '../../lambda/rotation/commands/obstacle.ts';
import { type KeySnapshot, snapshotOf } from '../../lambda/rotation/commands/snapshot.ts';
import { json, line } from '../output.ts';
import { canAsk, agreed } from '../prompt.ts';
import { currentSince, rotatedJson, rotatedOrFail, sayPrevious } from '../rotation-outcome.ts';
import { noKeyError, planOf, planText } from '../rotation-plan.ts';

interface Flags extends InstallationFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** True unless --no-proof was given. */
  readonly proof: boolean;
  readonly emergency?: boolean;
  readonly apiKeyId?: string;
  readonly because?: string;
  readonly again?: boolean;
}

/** `keyguard rotate NAME`. */
export const rotate: Command = {
  name: 'rotate',
  summary: 'Rotate a managed key now',
  register: (program, io) => {
    withInstallation(program.command(rotate.name))
      .summary(rotate.summary)
      .description(
        'Asks Secrets Manager to rotate now, and follows until the new key is current or the rotation failed. The old key stays valid ' +
          'for its grace; with --emergency it has none, and is cut off as soon as the new key is current. Without a standby key neither happens, ' +
          'because consumers would be left without a key: add one first, or disable a stolen key in the Claude Console. Typed again after an ' +
          'interruption, it goes on with a rotation that is under way; one that is over is not followed by another within 15 minutes, unless ' +
          '--again says so. An emergency is not begun anew within 15 minutes of its end; later it is, and cuts off the key that took over, ' +
          'unless --api-key-id names the stolen one.',
      )
      .argument('<name>', 'the managed key, as keyguard.json names it')
      .option('--dry-run', 'say what would happen, and prove the key that would be taken: it is awake for a moment')
      .option('--no-proof', 'of a dry run: only the plan, nothing is woken')
      .option('--emergency', 'no grace: cut off every old key at once, whoever still uses it; with --api-key-id that key alone')
      .option(
        '--api-key-id <apikey_…>',
        'of an emergency: the key that must die; a repeat then never takes another one. An old key that somebody enabled again is made inactive without a rotation',
      )
      .option('--again', 'rotate once more although a rotation was over less than 15 minutes ago')
      .option('--because <text>', 'why, for the history')
      .option('--yes', 'do not ask')
      .action((name: string, flags: Flags) => run(name, flags, io));
  },
};

async function run(name: string, flags: Flags, io: CliIo): Promise<void> {
  const because = checkedReason(flags.because, io);
  if (flags.apiKeyId !== undefined) checkedApiKeyId(flags.apiKeyId, '--api-key-id', io);
  if (flags.apiKeyId !== undefined && flags.emergency !== true) io.fail('--api-key-id belongs to --emergency', 'leave it out', 2);
  if (flags.again === true && flags.emergency === true) {
    io.fail(
      '--again belongs to a rotation with grace',
      'leave it out; to cut off a key that has just taken over, name it with --api-key-id',
      2,
    );
  }
  if (!flags.proof && flags.dryRun !== true) io.fail('--no-proof belongs to --dry-run: a rotation always proves', 'leave it out', 2);
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const sight = await snapshotOf(definition, installation.ports);
  const stolen = stolenKey(sight, flags.apiKeyId);
  const asJson = flags.json === true;
  if (flags.dryRun === true && stolen !== undefined && isOffByRecord(stolen)) {
    await dryCut(stolen, sight, asJson, installation, io);
  } else if (flags.dryRun === true) {
    const emergency = flags.emergency === true ? emergencyPlan(sight, stolen?.apiKeyId, installation.clock.now()) : undefined;
    await dryRun(sight, { emergency, proves: flags.proof, asJson }, installation, io);
  } else if (flags.emergency === true) {
    await rotateInEmergency(sight, { because, stolen, yes: flags.yes === true, asJson }, installation, io);
  } else {
    await rotateNow(sight, because, flags, installation, io);
  }
}

function stolenKey({ own, definition: { name } }: KeySnapshot, apiKeyId: string | undefined): ApiKeyRecord | undefined {
  if (apiKeyId === undefined) return undefined;
  const record = own.find((each) => each.apiKeyId === apiKeyId);
  if (record !== undefined && record.state !== 'standby' && record.state !== 'pending') return record;
  if (record?.origin !== undefined) throw onItsWayBack(record);
  const what = record === undefined ? 'no key' : `a ${record.state} key`;
  throw new KeyguardError(
    'nothing-to-cut',
    `${apiKeyId} is ${what} of ${name}: consumers do not hold it`,
    record?.state === 'standby'
      ? `npx --no-install keyguard standby remove ${name} ${apiKeyId}`
      : `npx --no-install keyguard status ${name}`,
  );
}

async function rotateNow(sight: KeySnapshot, because: string, flags: Flags, installation: OpenInstallation, io: CliIo): Promise<void> {
  const { definition } = sight;
  const { name } = definition;
  checkRotates(sight);
  const { table, clock } = installation;
  const now = clock.now();
  const soon = flags.again === true ? undefined : justRotated(sight, await audit(table).read(name, now - repeatMs), now);
  const lately = soon === undefined || (await isDead(soon, installation)) ? undefined : soon;
  if (lately !== undefined && (flags.yes === true || !canAsk(io))) throw justRotatedError(lately);
  const plan = planOf(sight, now);
  // Secrets Manager would fail, tell people and try again for hours: better not to begin.
  if (plan.next === undefined) throw noKeyError(plan, definition);
  const question = lately === undefined ? `Rotate ${name} now?` : `${justRotatedError(lately).message}. Rotate once more?`;
  if (flags.yes !== true) await agreed(`${question} ${planText(plan, definition)}`, io);
  await audit(table).note({
    managedKey: name,
    at: clock.now(),
    by: await callerName(),
    cause: { code: 'rotation-asked-for', reason: because },
  });
  const outcome = await rotateAndFollow(definition, installation, io);
  const rotated = rotatedOrFail(definition, outcome, io);
  if (flags.json === true) {
    json(rotatedJson(definition, rotated), io);
    return;
  }
  line(`${name} rotated: ${currentSince(rotated)}.`, io);
  sayPrevious(definition, rotated, io);
}
