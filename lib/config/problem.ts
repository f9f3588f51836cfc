import type { Position } from './json.ts';

/** One thing that is wrong with the configuration: where, what stands there, why that is wrong, and what to do. */
export interface Problem {
  /** `managedKeys[0].rotation.every`; empty for the whole file. */
  readonly path: string;
  /** What stands there, shortened; absent for something secret, missing or unknown. */
  readonly value?: string;
  /** A sentence without its subject: `is not a length of time`. */
  readonly problem: string;
  readonly fix: string;
  readonly position?: Position;
}

/** Two lines for a terminal. */
export function describeProblem(problem: Problem): string {
  const where = problem.position === undefined ? '' : ` (line ${problem.position.line}, column ${problem.position.column})`;
  const subject = problem.path === '' ? 'the file' : problem.path;
  const value = problem.value === undefined ? '' : ` ${problem.value}`;
  return `  ${subject}${where}:${value} ${problem.problem}\n    ${problem.fix}`;
}
