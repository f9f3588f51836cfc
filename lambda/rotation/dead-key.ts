import type { NoReplacement } from '../../contract/causes.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord, LastUseRecord, PauseRecord } from '../../contract/records.ts';
import { hourMs, minuteMs } from '../foundation/clock.ts';
import { chooseNext, isPassing, hasUndoRequest } from './claim.ts';
import { emergencyOf } from './lifecycle.ts';
import type { ApiKeyInfo, RetirementPorts, SecretDescription } from './ports.ts';
import type { RotationCause } from './rotation-token.ts';
import { isSwitchedByHand } from './staging-labels.ts';

/** Who gives consumers another key once theirs is dead: Key Guard by itself, or people, for this reason. */
export type Replacement = { readonly by: 'itself' } | { readonly by: 'people'; readonly because: NoReplacement };

/** A replacement that dies as well may be the work of whoever ended the first one: it is not followed by another at once. */
const oneInMs = hourMs;
/** Two passes and the rotation between them, and some time for a platform that does not answer. */
const patienceMs = 15 * minuteMs;
/** So many keys are asked at the most whether Anthropic answers them. */
const witnessesAtMost = 5;

/** What was seen of a managed key whose current key may be dead. Instants are epoch ms, UTC. */
export interface DeadKeySnapshot {
  readonly definition: ManagedKeyDefinition;
  readonly own: readonly ApiKeyRecord[];
  readonly secret: SecretDescription;
  readonly pause: PauseRecord | undefined;
  /** Anthropic's list, by API key id. */
  readonly infos: ReadonlyMap<string, ApiKeyInfo>;
  readonly lastUses: ReadonlyMap<string, LastUseRecord>;
  /** When a pass last saw each current key active. */
  readonly activeAt: ReadonlyMap<string, number>;
  /** Keys whose own value Anthropic refused in this look. */
  readonly refused: ReadonlySet<string>;
  readonly now: number;
}

/** A record and the list of keys are read one after the other, and nobody promises how soon a list shows a change. */
const settlingMs = 5 * minuteMs;

/** Whether what Anthropic shows of it can be compared with its record. */
export function isListCaughtUp({ since, verifiedInactiveAt = 0 }: ApiKeyRecord, now: number): boolean {
  return Math.max(since, verifiedInactiveAt) + settlingMs <= now;
}

/** Whether it is the key that consumers read, and Anthropic does not show it as active: of one that is current since a moment ago, with its value refused. */
export function isFoundDead(record: ApiKeyRecord, { infos, refused, now }: Pick<DeadKeySnapshot, 'infos' | 'refused' | 'now'>): boolean {
  if (record.state !== 'current' || record.intent !== undefined) return false;
  return isShownDead(record, infos) && (isListCaughtUp(record, now) || refused.has(record.apiKeyId));
}

/** Whether Anthropic shows a key as one that it accepts no more. */
export function isShownDead({ apiKeyId }: ApiKeyRecord, infos: DeadKeySnapshot['infos']): boolean {
  const status = infos.get(apiKeyId)?.status ?? 'gone';
  return status !== 'active' && status !== 'unknown';
}

/** What follows the death of the current key `dead`. Pure. */
export function replacementOf(dead: ApiKeyRecord, { definition, own, secret, infos, pause, now }: DeadKeySnapshot): Replacement {
  const people = (because: NoReplacement): Replacement => ({ by: 'people', because });
  if (definition.rotation.onDeath === 'ask') return people({ code: 'policy-asks' });
  if (pause !== undefined) return people({ code: 'paused', managedKey: definition.name });
  if (!secret.rotationEnabled) return people({ code: 'schedule-off' });
  if (isSwitchedByHand(dead)) return people({ code: 'switched-by-hand' });
  if (emergencyOf(dead, now) !== undefined) return people({ code: 'emergency-at-work' });
  if (own.some((record) => hasUndoRequest(record, now))) return people({ code: 'undo-at-work' });
  const before = own.find(({ apiKeyId, replacedAt = 0 }) => apiKeyId !== dead.apiKeyId && now < replacedAt + oneInMs);
  if (before !== undefined) return people({ code: 'replaced-lately', apiKeyId: before.apiKeyId, at: before.replacedAt ?? now });
  // The replacement has claimed its key, and goes on until it succeeds or gives it back.
  if (own.some(({ state }) => state === 'pending')) return { by: 'itself' };
  // One that Anthropic does not show as inactive is no key that a rotation could take. Without a list nobody knows.
  const isUsable = ({ state, apiKeyId }: ApiKeyRecord): boolean =>
    state !== 'standby' || infos.size === 0 || infos.get(apiKeyId)?.status === 'inactive';
  const usable = own.filter(isUsable);
  const choice = chooseNext(usable, definition, now);
  return choice.claim === 'none' && !isPassing(choice.why) ? people({ code: choice.why }) : { by: 'itself' };
}

/** Whether the replacement should have come to its end by now. */
export function isLate({ foundDeadAt }: ApiKeyRecord, now: number): boolean {
  return foundDeadAt !== undefined && now >= foundDeadAt + patienceMs;
}

/** Why a rotation is due: the current key is dead, and is replaced by itself. */
export function deadKeyCause(snapshot: DeadKeySnapshot): (RotationCause & { readonly dead: ApiKeyRecord }) | undefined {
  const dead = snapshot.own.find((record) => isFoundDead(record, snapshot));
  if (
    dead === undefined ||
    snapshot.infos.size === 0 ||
    snapshot.secret.deletionAt !== null ||
    replacementOf(dead, snapshot).by === 'people'
  )
    return undefined;
  return { why: 'dead key', about: dead.apiKeyId, at: dead.foundDeadAt ?? snapshot.now, dead };
}

/** A key that should be active, and where its value lies. */
export interface Witness {
  readonly apiKeyId: string;
  readonly secretName: string;
  readonly versionId: string;
}

/** The keys of the fleet that consumers hold, and that Anthropic shows as active. */
export function witnessesIn(snapshots: readonly DeadKeySnapshot[]): readonly Witness[] {
  return snapshots.flatMap(({ definition: { secretName }, own, infos }) =>
    own.flatMap(({ apiKeyId, state, token, intent }): readonly Witness[] => {
      const holds = token !== undefined && intent === undefined && (state === 'current' || state === 'draining');
      return holds && infos.get(apiKeyId)?.status === 'active' ? [{ apiKeyId, secretName, versionId: token }] : [];
    }),
  );
}

/**
 * Whether it is this key that is dead, and not Anthropic, the network or the whole organization: its own value is refused, and
 * where others are in use one of them is accepted. Without others the word of the Admin API has to do.
 */
export async function isProvenDead(
  { token }: ApiKeyRecord,
  { secretName }: ManagedKeyDefinition,
  witnesses: readonly Witness[],
  ports: Pick<RetirementPorts, 'secrets' | 'probe'>,
): Promise<boolean> {
  if (token === undefined || (await answerTo(secretName, token, ports)) !== 'refused') return false;
  const asked = witnesses.slice(0, witnessesAtMost);
  for (const witness of asked) {
    if ((await answerTo(witness.secretName, witness.versionId, ports)) === 'accepted') return true;
  }
  return asked.length === 0;
}

async function answerTo(
  secretName: string,
  versionId: string,
  { secrets, probe }: Pick<RetirementPorts, 'secrets' | 'probe'>,
): Promise<string> {
  const value = await secrets.read(secretName, versionId);
  return value === 'absent' ? 'no value' : (await probe.probe(value)).answer;
}
