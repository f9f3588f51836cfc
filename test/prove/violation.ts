import { iso } from '../../lambda/foundation/clock.ts';

type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'expected';

/** An invariant (CONTRIBUTING.md has the list) that did not hold; `expected`: what the operation should have come to. */
export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
  /** Epoch ms, UTC, of the world's clock. */
  readonly at: number;
  readonly apiKeyId?: string;
}

/** Reports a violation, once however often it is seen. */
export type Report = (invariant: Invariant, what: string, apiKeyId?: string) => void;

export function violationText({ invariant, what, at, apiKeyId }: Violation): string {
  return `${invariant} ${iso(at)} ${apiKeyId === undefined ? '' : `${apiKeyId}: `}${what}`;
}
