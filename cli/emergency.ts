import type { ApiKeyRecord, Wish } from '../contract/records.ts';
import { apiKeyLedger } from '../lambda/adapters/aws/api-key-ledger.ts';
import { audit } from '../lambda/adapters/aws/audit.ts';
import { pauses } from '../lambda/adapters/aws/pauses.ts';
import { usageLedger } from '../lambda/adapters/aws/usage-ledger.ts';
import { LostRace } from '../lambda/foundation/errors.ts';
import { withoutWish } from '../lambda/rotation/lifecycle.ts';
import { updateRecord } from '../lambda/rotation/commands/update-record.ts';
import { callerName } from './aws-session.ts';
import type { CliIo } from './command.ts';
import { cutOldKey, lookAtOldKey, type OldKeySight } from './cut-old-key.ts';
import { condemned, emergencyPlan, type EmergencyPlan } from './emergency-plan.ts';
import { planWhy } from './rotation-plan.ts';
import { rotateAndFollow, rotatedTo, type Rotated } from './follow.ts';
import { enableSchedule } from '../lambda/rotation/commands/schedule.ts';
import type { OpenInstallation } from './installation.ts';
import { type KeySnapshot, snapshotOf } from '../lambda/rotation/commands/snapshot.ts';
import { lastUseText } from './last-use.ts';
import { instant, isoOrNull, json, line, progress } from './output.ts';
import { agreed } from './prompt.ts';
import { retireUntilOff } from './retire-now.ts';
import { currentSince, rotatedOrFail } from './rotation-outcome.ts';
import { startFor } from './wish-rotation.ts';

export interface EmergencyOrder {
  readonly because: string;
  /** The key that must die; undefined: whichever is current. */
  readonly stolen: ApiKeyRecord | undefined;
  readonly yes: boolean;
  readonly asJson: boolean;
}

/**
 * Rotates without any grace: the wish to cut is stored on each key that consumers may hold, then AWSCURRENT moves, then the old
 * keys are cut off. Killed anywhere, the same command goes on, and so does retirement by itself.
 */
export async function rotateInEmergency(
  sight: KeySnapshot,
  { because, stolen, yes, asJson }: EmergencyOrder,
  installation: OpenInstallation,
  io: CliIo,
): Promise<void> {
  const { name } = sight.definition;
  if (stolen !== undefined && isOffByRecord(stolen)) {
    await cutOff(stolen, sight, { because, yes, asJson }, installation, io);
    return;
  }
  const plan = emergencyPlan(sight, stolen?.apiKeyId, installation.clock.now());
  for (const sentence of await emergencyText(sight, plan, installation)) progress(sentence, io);
  if (!yes) await agreed(`Cut off ${idsOf(plan.dying)} without grace?`, io);

  const by = await callerName();
  const pauseEnded = await prepare(sight, plan, { at: installation.clock.now(), by, because }, installation);
  if (pauseEnded) progress(`The pause of ${name} is over: the emergency ended it.`, io);
  // Its rotation turns the schedule on again.
  const rotated = await switched(plan, sight, installation, io);
  if (pauseEnded && !(await snapshotOf(sight.definition, installation.ports)).secret.rotationEnabled)
    await enableSchedule(sight.definition, 'the next window on', installation.ports);
  const { off, on, goesOn } = await retireUntilOff(
    plan.dying.map((record) => record.apiKeyId),
    installation,
    (sentence) => progress(sentence, io),
  );
  if (on.length > 0 && !goesOn) {
    io.fail(
      `nobody cuts off ${idsOf(on)}: there is no function ${installation.definition.functions.retirement}`,
      `make ${idsOf(on)} inactive in the Claude Console (Settings > API keys) now; then bring the function back: npx cdk deploy --revert-drift`,
      1,
    );
  }
  if (on.length > 0) {
    io.fail(
      `${plan.todo === 'cut one' ? '' : `${name} rotated, and `}${idsOf(on)} is not cut off yet`,
      `retirement does it within five minutes by itself; look again: npx --no-install keyguard status ${name}, or give this command again`,
      1,
    );
  }
  if (asJson) {
    json(outcomeJson(rotated, off, pauseEnded), io);
    return;
  }
  line(`${name} ${plan.todo === 'cut one' ? 'did not rotate' : 'rotated'}: ${currentSince(rotated)}.`, io);
  for (const record of off) line(`${record.apiKeyId} (${record.hint}) is ${record.state} since ${instant(record.since)}.`, io);
}

/** Whether consumers hold it no more, as far as the records know. */
export function isOffByRecord({ state }: ApiKeyRecord): boolean {
  return state !== 'current' && state !== 'draining';
}

/** A repeat finds the named key off, and then what was asked for is done; unless somebody woke it, or wants it back. */
async function cutOff(
  stolen: ApiKeyRecord,
  sight: KeySnapshot,
  { because, yes, asJson }: Omit<EmergencyOrder, 'stolen'>,
  installation: OpenInstallation,
  io: CliIo,
): Promise<void> {
  const old = await lookAtOldKey(stolen, sight, installation);
  for (const sentence of old.plan) progress(sentence, io);
  const asks = old.plan.length > 0 && !yes;
  if (asks) await agreed(`Cut off ${stolen.apiKeyId}?`, io);
  const status = old.plan.length === 0 ? old.status : await cutOldKey(old, because, sight, installation, io);
  sayOver(sight, { ...old, status }, asJson, io);
}

/** The named key is off, and Anthropic says so too. */
function sayOver({ own, definition: { name } }: KeySnapshot, old: OldKeySight, asJson: boolean, io: CliIo): void {
  const current = own.find((record) => record.state === 'current');
  if (current === undefined) io.fail(`${overText(old)}, and no key of ${name} is current`, `npx --no-install keyguard rotate ${name}`, 1);
  const rotated = rotatedTo(current, current.token ?? '', own);
  if (asJson) json({ ...outcomeJson(rotated, [old.record], false), anthropicStatus: old.status, wasAwake: old.isAwake }, io);
  else line(`${overText(old)}; ${currentSince(rotated)}.`, io);
}

function overText({ record: { apiKeyId, hint, state, since }, status, isAwake }: OldKeySight): string {
  const shown = status === 'gone' ? 'Anthropic knows it no more' : `Anthropic shows it as ${status}`;
  return isAwake
    ? `${apiKeyId} (${hint}) was awake and is cut off: ${shown}, and whether its value is refused only a function could try`
    : `${apiKeyId} (${hint}) is ${state} since ${instant(since)}, and ${shown}`;
}

const beginning: Readonly<Record<EmergencyPlan['todo'], (name: string, rotation: EmergencyPlan['rotation']) => string>> = {
  'rotate and cut': (name, rotation) => `${rotation.next?.apiKeyId ?? ''} becomes the current key of ${name} (${planWhy(rotation)}).`,
  cut: (name, { current }) =>
    `An emergency of ${name} has switched already to ${current?.apiKeyId ?? ''}; what is left is to cut off its old keys.`,
  'cut one': (name, { current }) => `${current?.apiKeyId ?? ''} stays the current key of ${name}; only the key that you named is cut off.`,
};

/** What will happen, said before it does: which keys die, and who will fail. */
export async function emergencyText(
  { definition: { name }, pause }: KeySnapshot,
  { todo, dying, rotation, wanted }: EmergencyPlan,
  { table, clock }: OpenInstallation,
): Promise<readonly string[]> {
  const usage = usageLedger(table, clock);
  const [lastUses, knownUntil] = await Promise.all([usage.lastUses(), usage.knownUntil()]);
  const useOf = (apiKeyId: string): string =>
    lastUseText(
      lastUses.find((use) => use.apiKeyId === apiKeyId),
      knownUntil,
    );
  return [
    beginning[todo](name, rotation),
    ...dying.map(
      ({ apiKeyId, hint, state, since }) =>
        `${apiKeyId} (${hint}), ${state} since ${instant(since)}, is cut off at once: ${useOf(apiKeyId)}.`,
    ),
    'From then on everybody fails who still holds the old value: caches for up to 5 minutes (the Lambda extension), environment ' +
      'variables of ECS and Kubernetes until they are deployed again, and long-running programs until they read the secret again.',
    ...wanted.map(({ apiKeyId }) => `That ${apiKeyId} is wanted back is taken back.`),
    ...(pause === undefined || todo !== 'rotate and cut'
      ? []
      : [`${name} is paused since ${instant(pause.at)} by ${pause.by} (${pause.because}): the emergency ends that.`]),
  ];
}

/** Takes back other wishes, stores the emergency's, the current key's first, and ends a pause of a rotation. Answers whether there was one. */
async function prepare(sight: KeySnapshot, plan: EmergencyPlan, wish: Wish, { table, clock }: OpenInstallation): Promise<boolean> {
  const ledger = apiKeyLedger(table);
  // Before anything else: a rotation must not bring back what may be stolen.
  for (const { apiKeyId } of plan.wanted)
    await updateRecord(ledger, apiKeyId, wish.by, (record) => (record.wanted === undefined ? undefined : withoutWish(record)));
  for (const { apiKeyId } of plan.dying) await updateRecord(ledger, apiKeyId, wish.by, (record) => condemned(record, wish));
  if (sight.pause === undefined || plan.todo !== 'rotate and cut') return false;
  const { name } = sight.definition;
  // Noted first: that somebody ended a pause must not get lost.
  await audit(table).note({
    managedKey: name,
    at: clock.now(),
    by: wish.by,
    cause: { code: 'pause-ended-by-emergency', reason: wish.because },
  });
  try {
    await pauses(table).end(name);
  } catch (error) {
    // Somebody else ended it.
    if (!(error instanceof LostRace)) throw error;
  }
  return true;
}

async function switched(plan: EmergencyPlan, { definition }: KeySnapshot, installation: OpenInstallation, io: CliIo): Promise<Rotated> {
  // As it is now: a rotation of somebody else may have switched meanwhile, and another one would burn a key.
  const { own } = await snapshotOf(definition, installation.ports);
  const current = own.find((record) => record.state === 'current');
  const wish = current?.noGrace;
  if (current !== undefined && (wish === undefined || plan.todo === 'cut one')) return rotatedTo(current, current.token ?? '', own);
  const outcome = await rotateAndFollow(definition, installation, io, {
    ...(current === undefined ? {} : { leaving: current.apiKeyId }),
    ...(current === undefined || wish === undefined
      ? {}
      : { start: () => startFor({ apiKeyId: current.apiKeyId, wish }, definition, installation) }),
  });
  const besides = `${idsOf(plan.dying)} still works; as soon as another key is current, retirement cuts it off without grace`;
  return rotatedOrFail(definition, outcome, io, besides);
}

function outcomeJson({ current, versionId }: Rotated, off: readonly ApiKeyRecord[], pauseEnded: boolean): object {
  return {
    managedKey: current.managedKey,
    apiKeyId: current.apiKeyId,
    hint: current.hint,
    since: isoOrNull(current.since),
    versionId,
    cutOff: off.map(({ apiKeyId, hint, state, since }) => ({ apiKeyId, hint, state, since: isoOrNull(since) })),
    pauseEnded,
  };
}

function idsOf(records: readonly ApiKeyRecord[]): string {
  return records.map((record) => record.apiKeyId).join(', ');
}
