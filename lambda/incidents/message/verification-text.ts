import type { Doubt, VerificationCause } from '../../../contract/causes.ts';
import { causeText, refutationTexts, stillText } from './cause-text.ts';
import { textOf, type Texts } from './coded-text.ts';

/** Why a standby key was not proven, in a person's words. @sentence */
export function verificationText(cause: VerificationCause): string {
  return `${textOf(cause, texts)}${stillText(cause)}`;
}

/** Why a bad answer about a key says nothing of it. @sentence */
export function doubtText(doubt: Doubt): string {
  return textOf(doubt, doubtTexts);
}

const doubtTexts: Texts<Doubt> = {
  'other-unknown': ({ apiKeyId, state }) => `Anthropic does not know ${apiKeyId} either, which is ${state}`,
  'other-not-accepted': ({ apiKeyId, state, answer }) =>
    `${apiKeyId}, which is ${state} and should be accepted, is not accepted either (${answer})`,
  'unclear-fields': causeText,
};

const texts: Texts<VerificationCause> = {
  ...refutationTexts,
  'in-doubt': ({ why, doubt }) => `${causeText(why)}; but ${doubtText(doubt)}, so that nobody knows`,
  'somebody-at-work': 'somebody else is at work on it',
  'no-standby-key': 'it is no standby key any more',
  error: ({ what, fix }) => (fix === undefined ? what : `${what}: ${fix}`),
};
