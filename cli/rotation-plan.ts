import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { ApiKeyRecord } from '../contract/records.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import type { chooseStandby } from '../lambda/rotation/claim.ts';
import { chooseNext } from '../lambda/rotation/claim.ts';
import { noKeyTexts } from '../lambda/incidents/message/cause-text.ts';
import { claimedKey, type KeySight } from './key-sight.ts';
import { instant, lengthText } from './output.ts';

export interface RotationPlan {
  /** The key that would become current; undefined where there is none. */
  readonly next: ApiKeyRecord | undefined;
  /** Why this one, or why none. */
  readonly why: keyof typeof planTexts;
  readonly current: ApiKeyRecord | undefined;
}

/** What a rotation would do at `now`, by the rules of the rotation itself; `choose`: which key it would take. */
export function planOf(sight: KeySight, now: number, choose: typeof chooseNext | typeof chooseStandby = chooseNext): RotationPlan {
  const { own, definition } = sight;
  const current = own.find((record) => record.state === 'current');
  const claimed = claimedKey(sight);
  if (claimed !== undefined) return { next: claimed, why: 'claimed', current };
  const choice = choose(own, definition, now);
  if (choice.claim === 'none') return { next: undefined, why: choice.why, current };
  return { next: choice.claim, why: choice.claim.wanted === undefined ? 'oldest' : 'wanted', current };
}

const planTexts = {
  ...noKeyTexts,
  claimed: 'a rotation that is under way has claimed it',
  oldest: 'it is the oldest standby key that lives long enough',
  wanted: 'an operator wants this old key back',
} as const;

/** Why a plan is as it is. */
export function planWhy({ why }: RotationPlan): string {
  return planTexts[why];
}

export function planText({ next, why, current }: RotationPlan, { rotation }: ManagedKeyDefinition): string {
  const claim = `${next?.apiKeyId ?? ''} becomes current (${planTexts[why]}).`;
  if (current === undefined) return claim;
  if (current.foundDeadAt !== undefined) return `${claim} ${current.apiKeyId} is dead at Anthropic since ${instant(current.foundDeadAt)}.`;
  return `${claim} ${current.apiKeyId} stays valid for at least ${lengthText(rotation.minimumGraceMs)}.`;
}

/** No key could take over. */
export function noKeyError(plan: RotationPlan, definition: ManagedKeyDefinition): KeyguardError {
  return new KeyguardError('no-standby-key', `${definition.name} cannot rotate: ${planWhy(plan)}`, nextKeyText(plan, definition));
}

/** How a managed key gets its next key, where none could take over. */
export function nextKeyText({ why }: RotationPlan, { name, workspaceId }: ManagedKeyDefinition): string {
  if (why === 'keys-in-hand' || why === 'late-call-possible') return 'wait five minutes';
  return `make a key in the Claude Console (workspace ${workspaceId}), then: npx keyguard standby add ${name}`;
}
