import type { Operation } from './operation.ts';
import { containments } from './operations/containments.ts';
import { retirements } from './operations/retirements.ts';
import { intakes, rotations } from './operations/rotations.ts';
import { verbs } from './operations/verbs.ts';

/** Everything that is proven: whoever adds a verb adds it here. */
export const operations: readonly Operation[] = [...intakes, ...rotations, ...retirements, ...containments, ...verbs];
