import type { NoKeyCause } from '../../contract/causes.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import { KeyguardError } from '../foundation/errors.ts';
import { nextKeyText, noKeyTexts } from '../incidents/message/cause-text.ts';

/** No key could take over. `also`: what is to be done besides. */
export function noKeyError(why: NoKeyCause, definition: ManagedKeyDefinition, also = ''): KeyguardError {
  const what = `${definition.name} cannot rotate: ${noKeyTexts[why]}`;
  return new KeyguardError('no-standby-key', what, `${nextKeyText(why, definition)}${also}`);
}
