import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { ApiKeyRecord } from '../contract/records.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import type { chooseStandby } from '../lambda/rotation/claim.ts';
import { chooseNext, heldUp, rests } from '../lambda/rotation/claim.ts';
import { claimedKey, type KeySight } from './key-sight.ts';
import { instant, lengthText } from './output.ts';

export interface RotationPlan {
  /** The key that would become current; undefined where there is none. */
  readonly next: ApiKeyRecord | undefined;
  readonly because: string;
  readonly current: ApiKeyRecord | undefined;
}

/** What a rotation would do at `now`, by the rules of the rotation itself; `choose`: which key it would take. */
export function planOf(sight: KeySight, now: number, choose: typeof chooseNext | typeof chooseStandby = chooseNext): RotationPlan {
  const { own, definition } = sight;
  const current = own.find((record) => record.state === 'current');
  const claimed = claimedKey(sight);
  if (claimed !== undefined) return { next: claimed, because: 'a rotation that is under way has claimed it', current };
  const choice = choose(own, definition, now);
  if (choice.claim === 'none') return { next: undefined, because: choice.because, current };
  const because =
    choice.claim.wanted === undefined ? 'it is the oldest standby key that lives long enough' : 'an operator wants this old key back';
  return { next: choice.claim, because, current };
}

export function planText({ next, because, current }: RotationPlan, { rotation }: ManagedKeyDefinition): string {
  const claim = `${next?.apiKeyId ?? ''} becomes current (${because}).`;
  if (current === undefined) return claim;
  if (current.foundDeadAt !== undefined) return `${claim} ${current.apiKeyId} is dead at Anthropic since ${instant(current.foundDeadAt)}.`;
  return `${claim} ${current.apiKeyId} stays valid for at least ${lengthText(rotation.minimumGraceMs)}.`;
}

/** No key could take over. */
export function noKeyError(plan: RotationPlan, definition: ManagedKeyDefinition): KeyguardError {
  return new KeyguardError('no-standby-key', `${definition.name} cannot rotate: ${plan.because}`, nextKeyText(plan, definition));
}

/** How a managed key gets its next key, where none could take over. */
export function nextKeyText({ because }: RotationPlan, { name, workspaceId }: ManagedKeyDefinition): string {
  if (because === heldUp || because === rests) return 'wait five minutes';
  return `make a key in the Claude Console (workspace ${workspaceId}), then: npx keyguard standby add ${name}`;
}
