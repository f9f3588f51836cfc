import type { ApiKeyRecord } from '../contract/records.ts';
import { usageLedger } from '../lambda/adapters/aws/usage-ledger.ts';
import { rotatedTo, type Rotated } from '../lambda/rotation/commands/follow.ts';
import { lookAtOldKey, revokeOldKey, type OldKey } from '../lambda/rotation/commands/revoke-old-key.ts';
import { isHeld, planRevocation, type RevokePlan } from '../lambda/rotation/commands/revoke-plan.ts';
import { finishRevocation, requestRevocation } from '../lambda/rotation/commands/revoke.ts';
import type { KeySnapshot } from '../lambda/rotation/commands/snapshot.ts';
import type { StartedRotation } from '../lambda/rotation/commands/start.ts';
import { callerName } from './aws-session.ts';
import type { CliIo } from './command.ts';
import { follow } from './follow.ts';
import type { OpenInstallation } from './installation.ts';
import { lastUseText } from './last-use.ts';
import { instant, isoOrNull, json, line, progress } from './output.ts';
import { agreed } from './prompt.ts';
import { currentSince, rotatedOrFail, saysUndone } from './rotation-outcome.ts';
import { nextText, planWhy } from './rotation-plan.ts';

export interface EmergencyOrder {
  readonly because: string;
  /** The key that must die; undefined: whichever is current. */
  readonly stolen: ApiKeyRecord | undefined;
  readonly yes: boolean;
  readonly asJson: boolean;
}

/**
 * Rotates without any grace: the request to cut is stored on each key that consumers may hold, then AWSCURRENT moves, then the old
 * keys are cut off. Killed anywhere, the same command goes on, and so does retirement by itself.
 */
export async function rotateInEmergency(
  snapshot: KeySnapshot,
  { because, stolen, yes, asJson }: EmergencyOrder,
  installation: OpenInstallation,
  io: CliIo,
): Promise<void> {
  const { name } = snapshot.definition;
  if (stolen !== undefined && !isHeld(stolen.state)) {
    await cutOff(stolen, snapshot, { because, yes, asJson }, installation, io);
    return;
  }
  const plan = planRevocation(snapshot, stolen?.apiKeyId, installation.clock.now());
  for (const sentence of await emergencyText(snapshot, plan, installation)) progress(sentence, io);
  if (!yes) await agreed(`Cut off ${idsOf(plan.dying)} without grace?`, io);

  const by = await callerName();
  const request = await requestRevocation(snapshot, plan, { by, because }, installation.ports);
  const { pauseEnded } = request;
  if (pauseEnded) progress(`The pause of ${name} is over: the emergency ended it.`, io);
  const rotated = 'already' in request ? request.already : await switched(request.started, plan, snapshot, installation, io);
  const { off, on, goesOn } = await finishRevocation(snapshot, plan, pauseEnded, saysUndone(io), installation.ports);
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

/** A repeat finds the named key off, and then what was asked for is done; unless somebody reactivated it, or asked for an undo. */
async function cutOff(
  stolen: ApiKeyRecord,
  snapshot: KeySnapshot,
  { because, yes, asJson }: Omit<EmergencyOrder, 'stolen'>,
  installation: OpenInstallation,
  io: CliIo,
): Promise<void> {
  const { ports } = installation;
  const old = await lookAtOldKey(stolen, snapshot, ports);
  const plan = await oldKeyTexts(old, installation);
  for (const sentence of plan) progress(sentence, io);
  if (plan.length > 0 && !yes) await agreed(`Cut off ${stolen.apiKeyId}?`, io);
  const after = plan.length === 0 ? old : await revokeOldKey(old, { by: await callerName(), because }, snapshot, ports);
  if (after.isActive) {
    io.fail(
      `${stolen.apiKeyId} was made inactive, and Anthropic shows it as ${after.status}`,
      'give the command again; if it lasts, delete the key in the Claude Console, which cannot be undone',
      1,
    );
  }
  sayOver(snapshot, { ...old, status: after.status }, asJson, io);
}

/** What is done to a key that is off by the records, a sentence each; none: nothing is left to do. */
export async function oldKeyTexts({ record, status, isActive }: OldKey, installation: OpenInstallation): Promise<readonly string[]> {
  const { apiKeyId, hint, state, since, undoRequest } = record;
  const cut = `${apiKeyId} (${hint}) is ${state} since ${instant(since)}, but Anthropic shows it as ${status}. It is made inactive at once`;
  return [
    ...(isActive ? [`${cut}: ${(await useTexts(installation))(apiKeyId)}.`] : []),
    ...(undoRequest === undefined ? [] : [takenBackText(record)]),
  ];
}

/** The named key is off, and Anthropic says so too. */
function sayOver({ own, definition: { name } }: KeySnapshot, old: OldKey, asJson: boolean, io: CliIo): void {
  const current = own.find((record) => record.state === 'current');
  if (current === undefined) io.fail(`${overText(old)}, and no key of ${name} is current`, `npx --no-install keyguard rotate ${name}`, 1);
  const rotated = rotatedTo(current, current.token ?? '', own);
  if (asJson) json({ ...outcomeJson(rotated, [old.record], false), anthropicStatus: old.status, wasAwake: old.isActive }, io);
  else line(`${overText(old)}; ${currentSince(rotated)}.`, io);
}

function overText({ record: { apiKeyId, hint, state, since }, status, isActive }: OldKey): string {
  const shown = status === 'gone' ? 'Anthropic knows it no more' : `Anthropic shows it as ${status}`;
  return isActive
    ? `${apiKeyId} (${hint}) was active and is cut off: ${shown}, and whether its value is refused only a function could try`
    : `${apiKeyId} (${hint}) is ${state} since ${instant(since)}, and ${shown}`;
}

const beginning: Readonly<Record<RevokePlan['todo'], (name: string, rotation: RevokePlan['rotation']) => string>> = {
  'rotate and cut': (name, rotation) => `${nextText(rotation.next)} becomes the current key of ${name} (${planWhy(rotation)}).`,
  cut: (name, { current }) =>
    `An emergency of ${name} has switched already to ${current?.apiKeyId ?? ''}; what is left is to cut off its old keys.`,
  'cut one': (name, { current }) => `${current?.apiKeyId ?? ''} stays the current key of ${name}; only the key that you named is cut off.`,
};

/** What will happen, said before it does: which keys die, and who will fail. */
export async function emergencyText(
  { definition: { name }, pause }: KeySnapshot,
  { todo, dying, rotation, wanted }: RevokePlan,
  installation: OpenInstallation,
): Promise<readonly string[]> {
  const useOf = await useTexts(installation);
  return [
    beginning[todo](name, rotation),
    ...dying.map(
      ({ apiKeyId, hint, state, since }) =>
        `${apiKeyId} (${hint}), ${state} since ${instant(since)}, is cut off at once: ${useOf(apiKeyId)}.`,
    ),
    'From then on everybody fails who still holds the old value: caches for up to 5 minutes (the Lambda extension), environment ' +
      'variables of ECS and Kubernetes until they are deployed again, and long-running programs until they read the secret again.',
    ...wanted.map(takenBackText),
    ...(pause === undefined || todo !== 'rotate and cut'
      ? []
      : [`${name} is paused since ${instant(pause.at)} by ${pause.by} (${pause.because}): the emergency ends that.`]),
  ];
}

async function switched(
  started: StartedRotation,
  plan: RevokePlan,
  { definition }: KeySnapshot,
  installation: OpenInstallation,
  io: CliIo,
): Promise<Rotated> {
  const outcome = await follow(definition, async () => started, installation, io);
  const besides = `${idsOf(plan.dying)} still works; as soon as another key is current, retirement cuts it off without grace`;
  return rotatedOrFail(definition, outcome, io, besides);
}

function takenBackText({ apiKeyId }: ApiKeyRecord): string {
  return `The undo request for ${apiKeyId} is withdrawn.`;
}

/** Who uses a key, as far as usage is known. */
async function useTexts({ table, clock }: OpenInstallation): Promise<(apiKeyId: string) => string> {
  const usage = usageLedger(table, clock);
  const [lastUses, knownUntil] = await Promise.all([usage.lastUses(), usage.knownUntil()]);
  return (apiKeyId) =>
    lastUseText(
      lastUses.find((use) => use.apiKeyId === apiKeyId),
      knownUntil,
    );
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
