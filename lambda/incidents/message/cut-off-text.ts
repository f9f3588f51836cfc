import type { Cause } from '../../../contract/causes.ts';
import { causeText } from './cause-text.ts';

/** Why nobody should hold an old key any more. `reason`: of an emergency that is not carried out yet, the operator's own words. */
export type CutOff =
  { readonly by: 'containment'; readonly cause: Cause | undefined } | { readonly by: 'emergency'; readonly reason?: string };

/** The same in a person's words. */
export function cutOffText(cut: CutOff): string {
  if (cut.by === 'containment') return cut.cause === undefined ? 'because of an incident' : causeText(cut.cause);
  return cut.reason === undefined ? 'an emergency ended it' : `an emergency: ${cut.reason}`;
}
