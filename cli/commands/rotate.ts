import { checkRotates } from '../../lambda/rotation/commands/obstacle.ts';
import { isHeld, planRevocation, stolenKey } from '../../lambda/rotation/commands/revoke-plan.ts';
import { justRotated, justRotatedError, planNextKey, requestRotation } from '../../lambda/rotation/commands/rotate.ts';
import { noKeyError } from '../../lambda/rotation/no-key.ts';
import { readSnapshot, type KeySnapshot } from '../../lambda/rotation/commands/snapshot.ts';
import { checkedApiKeyId, checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { dryCut, dryRun } from '../dry-run.ts';
import { rotateInEmergency } from '../emergency.ts';
import { follow } from '../follow.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { json, line } from '../output.ts';
import { canAsk, agreed } from '../prompt.ts';
import { currentSince, rotatedJson, rotatedOrFail, sayPrevious } from '../rotation-outcome.ts';
import { planText } from '../rotation-plan.ts';

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
      .option('--dry-run', 'say what would happen, and prove the key that would be taken: it is active for a moment')
      .option('--no-proof', 'of a dry run: only the plan, nothing is activated')
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
  const snapshot = await readSnapshot(definition, installation.ports);
  const stolen = flags.apiKeyId === undefined ? undefined : stolenKey(snapshot, flags.apiKeyId);
  const asJson = flags.json === true;
  if (flags.dryRun === true && stolen !== undefined && !isHeld(stolen.state)) {
    await dryCut(stolen, snapshot, asJson, installation, io);
  } else if (flags.dryRun === true) {
    const emergency = flags.emergency === true ? planRevocation(snapshot, stolen?.apiKeyId, installation.clock.now()) : undefined;
    await dryRun(snapshot, { emergency, proves: flags.proof, asJson }, installation, io);
  } else if (flags.emergency === true) {
    await rotateInEmergency(snapshot, { because, stolen, yes: flags.yes === true, asJson }, installation, io);
  } else {
    await rotateNow(snapshot, because, flags, installation, io);
  }
}

async function rotateNow(snapshot: KeySnapshot, because: string, flags: Flags, installation: OpenInstallation, io: CliIo): Promise<void> {
  const { definition } = snapshot;
  const { name } = definition;
  const { ports } = installation;
  checkRotates(snapshot);
  const lately = flags.again === true ? undefined : await justRotated(snapshot, ports);
  if (lately !== undefined && (flags.yes === true || !canAsk(io))) throw justRotatedError(lately);
  const plan = planNextKey(snapshot, ports.clock.now());
  // Secrets Manager would fail, tell people and try again for hours: better not to begin.
  if (plan.next === undefined) throw noKeyError(plan.why, definition);
  const question = lately === undefined ? `Rotate ${name} now?` : `${justRotatedError(lately).message}. Rotate once more?`;
  if (flags.yes !== true) await agreed(`${question} ${planText(plan, definition)}`, io);
  const by = await callerName();
  const outcome = await follow(definition, () => requestRotation(definition, { by, because }, ports), installation, io);
  const rotated = rotatedOrFail(definition, outcome, io);
  if (flags.json === true) {
    json(rotatedJson(definition, rotated), io);
    return;
  }
  line(`${name} rotated: ${currentSince(rotated)}.`, io);
  sayPrevious(definition, rotated, io);
}
