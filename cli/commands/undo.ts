import type { ApiKeyRecord } from '../../contract/records.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { audit } from '../../lambda/adapters/aws/audit.ts';
import { keptVersions } from '../../lambda/adapters/aws/kept-versions.ts';
import { rotations } from '../../lambda/adapters/aws/secret-versions.ts';
import { KeyguardError } from '../../lambda/foundation/errors.ts';
import { isWanted, wishLastsMs } from '../../lambda/rotation/claim.ts';
import { emergencyOf, isCondemned, isOld, wishedBack } from '../../lambda/rotation/lifecycle.ts';
import { updateRecord } from '../../lambda/rotation/commands/update-record.ts';
import { checkedApiKeyId, checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { rotateAndFollow, rotatedTo, type Rotated } from '../follow.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { checkRotates } from '../../lambda/rotation/commands/obstacle.ts';
import { type KeySnapshot, snapshotOf } from '../../lambda/rotation/commands/snapshot.ts';
import { instant, json, lengthText, line, progress } from '../output.ts';
import { agreed } from '../prompt.ts';
import { currentSince, rotatedJson, rotatedOrFail, sayPrevious } from '../rotation-outcome.ts';
import { checkEnabled, cutText, leftKeys, undoTarget } from '../undo-target.ts';
import { startFor } from '../wish-rotation.ts';

interface Flags extends InstallationFlags {
  readonly apiKeyId?: string;
  readonly because?: string;
  readonly yes?: boolean;
}

/** `keyguard undo NAME`: back to the key that consumers read before. */
export const undo: Command = {
  name: 'undo',
  summary: 'Go back to the key that a rotation replaced',
  register: (program, io) => {
    withInstallation(program.command(undo.name))
      .summary(undo.summary)
      .description(
        'Makes the key active again that consumers read before, proves it, and moves AWSCURRENT back to it; the key that was current ' +
          'gets its ordinary grace. It works as long as the old key is not archived. Safe to repeat for ' +
          'an hour; later, the same command goes back again, unless --api-key-id names the key that you want.',
      )
      .argument('<name>', 'the managed key, as keyguard.json names it')
      .option(
        '--api-key-id <apikey_…>',
        'which old key (default: the one that was replaced last; one that was cut off, or that somebody disabled, must be named)',
      )
      .option('--because <text>', 'why, for the history')
      .option('--yes', 'do not ask')
      .action((name: string, flags: Flags) => run(name, flags, io));
  },
};

async function run(name: string, flags: Flags, io: CliIo): Promise<void> {
  if (flags.apiKeyId !== undefined) checkedApiKeyId(flags.apiKeyId, '--api-key-id', io);
  const because = checkedReason(flags.because, io);
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const sight = await snapshotOf(definition, installation.ports);
  const now = installation.clock.now();
  const target = undoTarget(sight, await audit(installation.table).read(name, now - wishLastsMs), flags.apiKeyId, now);
  const rotated = target.state === 'current' ? undefined : await goBack(sight, target, { because, flags }, installation, io);
  const outcome = rotated ?? rotatedTo(target, target.token ?? '', sight.own);
  if (flags.json === true) {
    json(rotatedJson(definition, outcome), io);
    return;
  }
  line(`${name} ${rotated === undefined ? 'needs no undo' : 'is back'}: ${currentSince(outcome)}.`, io);
  sayPrevious(definition, outcome, io);
}

async function goBack(
  sight: KeySnapshot,
  target: ApiKeyRecord,
  { because, flags }: { readonly because: string; readonly flags: Flags },
  installation: OpenInstallation,
  io: CliIo,
): Promise<Rotated> {
  const { definition } = sight;
  const { name } = definition;
  checkRotates(sight);
  await checkKept(sight, target, installation);
  const isEnabled = await isEnabledAtAnthropic(target, installation);
  // One that is on its way back already was asked for before.
  if (flags.apiKeyId === undefined && target.wanted === undefined) checkEnabled(target, isEnabled, name);
  for (const warning of warningsOf(sight, target, isEnabled, installation.clock.now())) progress(warning, io);
  if (flags.yes !== true) await agreed(`Undo the rotation of ${name}? ${planText(sight, target, installation.clock.now())}`, io);
  const { table, secrets, clock } = installation;
  const by = await callerName();
  const wish = { at: clock.now(), by, because };
  const asked = await updateRecord(apiKeyLedger(table), target.apiKeyId, by, (record) =>
    // A repeat finds its own wish, or the rotation that fulfils it.
    record.state === 'current' || record.origin !== undefined || isWanted(record, wish.at) ? undefined : wishedBack(record, wish),
  );
  const leaving = sight.own.find((record) => record.state === 'current')?.apiKeyId;
  const outcome = await rotateAndFollow(definition, installation, io, {
    ...(leaving === undefined ? {} : { leaving }),
    back: asked,
    // Where a rotation has claimed it already, that one is tried again.
    start: () =>
      asked.wanted === undefined
        ? rotations(secrets).start(definition.secretName, asked.token)
        : startFor({ apiKeyId: asked.apiKeyId, wish: asked.wanted }, definition, installation),
  });
  const waits = `That ${target.apiKeyId} is wanted back stays noted for ${lengthText(wishLastsMs)}, and is carried out as soon as it can be; npx --no-install keyguard unstick ${name} takes it back`;
  const rotated = rotatedOrFail(definition, outcome, io, waits);
  // A rotation that had begun before took its turn.
  if (rotated.current.apiKeyId !== target.apiKeyId) io.fail(`${name} rotated, but to ${rotated.current.apiKeyId}`, waits, 1);
  return rotated;
}

/** Secrets Manager prunes versions that carry no label; then the value is gone, and the rotation would take another key. */
async function checkKept({ definition }: KeySnapshot, target: ApiKeyRecord, { secrets }: OpenInstallation): Promise<void> {
  const versionId = target.origin?.versionId ?? target.token;
  if (versionId !== undefined && (await keptVersions(secrets, definition.secretName)).has(versionId)) return;
  throw new KeyguardError(
    'cannot-come-back',
    `Secrets Manager no longer keeps the value of ${target.apiKeyId}`,
    `to move on to a standby key: npx --no-install keyguard rotate ${definition.name} --again`,
  );
}

/** Of a key in its grace: whether it still works. Any other state says so itself. */
async function isEnabledAtAnthropic({ apiKeyId, state, intent }: ApiKeyRecord, { ports }: OpenInstallation): Promise<boolean> {
  // With an intent it is retirement that puts it to sleep.
  if (state !== 'draining' || intent !== undefined) return true;
  const info = await ports.keys.retrieve(apiKeyId);
  return info === 'gone' || info.status !== 'inactive';
}

function warningsOf(sight: KeySnapshot, target: ApiKeyRecord, isEnabled: boolean, now: number): readonly string[] {
  const { own, definition } = sight;
  const current = own.find((record) => record.state === 'current');
  const cut = cutText(target, now);
  const emergency = current === undefined ? undefined : emergencyOf(current, now);
  const left = leftKeys(sight);
  const later = left.slice(0, Math.max(0, left.indexOf(target))).find((record) => isOld(record.state));
  return [
    ...(cut === undefined ? [] : [`Careful: ${target.apiKeyId} was cut off (${cut}).`]),
    ...(isEnabled ? [] : [`Careful: somebody disabled ${target.apiKeyId} at Anthropic; it is enabled again.`]),
    ...(later === undefined ? [] : [`${later.apiKeyId} was replaced later, and is ${later.state}; it comes back only if you name it.`]),
    ...(current === undefined || emergency === undefined
      ? []
      : [`${current.apiKeyId} gets no grace: an emergency of ${definition.name} is not over (${emergency.because}).`]),
  ];
}

function planText({ own, definition: { rotation } }: KeySnapshot, target: ApiKeyRecord, now: number): string {
  const current = own.find((record) => record.state === 'current');
  const back = `${target.apiKeyId} (${target.hint}), ${target.state} since ${instant(target.since)}, becomes current again.`;
  if (current === undefined || isCondemned(current, now)) return back;
  return `${back} ${current.apiKeyId} stays valid for at least ${lengthText(rotation.minimumGraceMs)}.`;
}
