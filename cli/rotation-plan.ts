import type { ManagedKeyDefinition } from '../contract/policy.ts';
import { noKeyTexts } from '../lambda/incidents/message/cause-text.ts';
import type { NextKeyPlan } from '../lambda/rotation/commands/rotate.ts';
import { instant, lengthText } from './output.ts';

const planTexts: Readonly<Record<NextKeyPlan['why'], string>> = {
  ...noKeyTexts,
  claimed: 'a rotation that is under way has claimed it',
  oldest: 'it is the oldest standby key that lives long enough',
  wanted: 'an operator wants this old key back',
  made: 'its strategy makes one for each rotation',
};

/** Why a plan is as it is. */
export function planWhy({ why }: NextKeyPlan): string {
  return planTexts[why];
}

/** What takes over. */
export function nextText(next: NextKeyPlan['next']): string {
  return next === 'made' ? 'a new key' : (next?.apiKeyId ?? '');
}

export function planText({ next, why, current }: NextKeyPlan, { rotation }: ManagedKeyDefinition): string {
  const claim = `${nextText(next)} becomes current (${planTexts[why]}).`;
  if (current === undefined) return claim;
  if (current.foundDeadAt !== undefined) return `${claim} ${current.apiKeyId} is dead at Anthropic since ${instant(current.foundDeadAt)}.`;
  return `${claim} ${current.apiKeyId} stays valid for at least ${lengthText(rotation.minimumGraceMs)}.`;
}
