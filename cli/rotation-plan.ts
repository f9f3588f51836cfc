import type { NoKeyCause } from '../contract/causes.ts';
import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { ApiKeyRecord } from '../contract/records.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import { noKeyTexts } from '../lambda/incidents/message/cause-text.ts';
import { chooseNext, isPassing, type chooseStandby } from '../lambda/rotation/claim.ts';
import { claimedKey, type KeySnapshot } from '../lambda/rotation/commands/snapshot.ts';
import { instant, lengthText } from './output.ts';

export type RotationPlan = (Possible | Impossible) & { readonly current: ApiKeyRecord | undefined };

/** The key that would become current, and why this one. */
interface Possible {
  readonly next: ApiKeyRecord;
  readonly why: 'claimed' | 'oldest' | 'wanted';
}

interface Impossible {
  readonly next: undefined;
  readonly why: NoKeyCause;
}

/** What a rotation would do at `now`, by the rules of the rotation itself; `choose`: which key it would take. */
export function planOf(sight: KeySnapshot, now: number, choose: typeof chooseNext | typeof chooseStandby = chooseNext): RotationPlan {
  const { own, definition } = sight;
  const current = own.find((record) => record.state === 'current');
  const claimed = claimedKey(sight);
  if (claimed !== undefined) return { next: claimed, why: 'claimed', current };
  const choice = choose(own, definition, now);
  if (choice.claim === 'none') return { next: undefined, why: choice.why, current };
  return { next: choice.claim, why: choice.claim.wanted === undefined ? 'oldest' : 'wanted', current };
}

const planTexts: Readonly<Record<RotationPlan['why'], string>> = {
  ...noKeyTexts,
  claimed: 'a rotation that is under way has claimed it',
  oldest: 'it is the oldest standby key that lives long enough',
  wanted: 'an operator wants this old key back',
};

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
export function noKeyError(plan: Impossible, definition: ManagedKeyDefinition): KeyguardError {
  return new KeyguardError('no-standby-key', `${definition.name} cannot rotate: ${noKeyTexts[plan.why]}`, nextKeyText(plan, definition));
}

/** How a managed key gets its next key, where none could take over. */
export function nextKeyText({ why }: Impossible, { name, workspaceId }: ManagedKeyDefinition): string {
  if (isPassing(why)) return 'wait five minutes';
  return `make a key in the Claude Console (workspace ${workspaceId}), then: npx --no-install keyguard standby add ${name}`;
}
