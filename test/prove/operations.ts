import type { Operation } from './operation.ts';
import { containments } from './operations/containments.ts';
import { retirements } from './operations/retirements.ts';
import { intakes, rotations } from './operations/rotations.ts';
import { verbs } from './operations/verbs.ts';

/** Everything that is proven: whoever adds a verb adds it here. */
export const operations: readonly Operation[] = [...typed(intakes), ...rotations, ...retirements, ...containments, ...typed(verbs)];

function typed(of: readonly Operation[]): readonly Operation[] {
  return of.map((operation) => ({ ...operation, isTyped: true }));
}
