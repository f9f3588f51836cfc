import type { NoKeyCause } from '../../../contract/causes.ts';
import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyRecord, AuditRecord } from '../../../contract/records.ts';
import { minuteMs, utcMinute } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import { chooseNext, type chooseNew } from '../claim.ts';
import { expiresTooSoon } from '../conditions.ts';
import { isSwitchedByHand, displacedKey } from '../staging-labels.ts';
import type { CommandPorts } from './ports.ts';
import { claimedKey, type KeySnapshot } from './snapshot.ts';
import { startRotation, type StartedRotation } from './start.ts';

export type NextKeyPlan = (Possible | Made | Impossible) & { readonly current: ApiKeyRecord | undefined };

/** The key that would become current, and why this one. */
interface Possible {
  readonly next: ApiKeyRecord;
  readonly why: 'claimed' | 'oldest' | 'wanted';
}

/** The strategy would make the next key. */
interface Made {
  readonly next: 'made';
  readonly why: 'made';
}

interface Impossible {
  readonly next: undefined;
  readonly why: NoKeyCause;
}

/** What a rotation would do at `now`, by the rules of the rotation itself; `choose`: which key it would take. */
export function planNextKey(snapshot: KeySnapshot, now: number, choose: typeof chooseNext | typeof chooseNew = chooseNext): NextKeyPlan {
  const { own, definition } = snapshot;
  const current = own.find((record) => record.state === 'current');
  const claimed = claimedKey(snapshot);
  if (claimed !== undefined) return { next: claimed, why: 'claimed', current };
  const choice = choose(own, definition, now);
  if (choice.claim === 'none') return { next: undefined, why: choice.why, current };
  if (choice.claim === 'made') return { next: 'made', why: 'made', current };
  return { next: choice.claim, why: choice.claim.undoRequest === undefined ? 'oldest' : 'wanted', current };
}

/** Whoever asks for a rotation so soon after one may be repeating a command that was interrupted. */
const repeatMs = 15 * minuteMs;

/**
 * The current key, where a rotation made it current so lately that another one needs a second thought. One that Anthropic accepts no
 * more, as retirement has recorded or Anthropic says now, is no such key: a second thought is no help to anybody then.
 */
export async function justRotated(
  snapshot: KeySnapshot,
  { audit, keys, clock }: Pick<CommandPorts, 'audit' | 'keys' | 'clock'>,
): Promise<ApiKeyRecord | undefined> {
  const now = clock.now();
  const fresh = freshKey(snapshot, await audit.read(snapshot.definition.name, now - repeatMs), now);
  return fresh === undefined || (await isDead(fresh, keys)) ? undefined : fresh;
}

/**
 * The first key counts only where an operator asked for its rotation: one that came with an intake is no answer to a command. A key that
 * people are told to replace counts never. `steps`: what happened within `repeatMs`.
 */
function freshKey(snapshot: KeySnapshot, steps: readonly AuditRecord[], now: number): ApiKeyRecord | undefined {
  const { own, secret } = snapshot;
  const current = own.find((record) => record.state === 'current');
  if (current === undefined || now >= current.since + repeatMs) return undefined;
  // No rotation brought what consumers read: somebody moved AWSCURRENT, or wrote the secret.
  if (isSwitchedByHand(current) || displacedKey(own, secret, now) !== undefined) return undefined;
  // As an undo may bring one back.
  if (expiresTooSoon(snapshot, now)) return undefined;
  const isFirst = !own.some(({ apiKeyId, switchedAt }) => apiKeyId !== current.apiKeyId && switchedAt !== undefined);
  const wasAsked = steps.some(({ at, cause }) => cause.code === 'rotation-asked-for' && at <= current.since);
  return isFirst && !wasAsked ? undefined : current;
}

async function isDead({ apiKeyId, foundDeadAt }: ApiKeyRecord, keys: CommandPorts['keys']): Promise<boolean> {
  if (foundDeadAt !== undefined) return true;
  try {
    const info = await keys.retrieve(apiKeyId);
    return info === 'gone' || (info.status !== 'active' && info.status !== 'unknown');
  } catch (error) {
    // Who may not ask Anthropic, or gets no answer, is asked for --again.
    if (error instanceof KeyguardError) return false;
    throw error;
  }
}

export function justRotatedError({ managedKey: name, apiKeyId, since }: ApiKeyRecord): KeyguardError {
  return new KeyguardError(
    'just-rotated',
    `${name} has rotated a moment ago: ${apiKeyId} is current since ${utcMinute(since)}`,
    `nothing, if that was your rotation; to rotate once more all the same: npx --no-install keyguard rotate ${name} --again`,
  );
}

/** An operator asks for a rotation with grace. */
export async function requestRotation(
  definition: ManagedKeyDefinition,
  { by, because }: { readonly by: string; readonly because: string },
  ports: Pick<CommandPorts, 'audit'> & Parameters<typeof startRotation>[2],
): Promise<StartedRotation> {
  await ports.audit.note({
    managedKey: definition.name,
    at: ports.clock.now(),
    by,
    cause: { code: 'rotation-asked-for', reason: because },
  });
  return startRotation(definition, {}, ports);
}
