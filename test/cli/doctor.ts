import { expect } from 'vitest';
import type { Operator } from './operator.ts';

/** What doctor answers of this state; its exit code says whether anything is broken. */
export async function foundBy(me: Operator, state: 'broken' | 'warning', args: readonly string[] = []): Promise<readonly unknown[]> {
  const said = await me.run(['doctor', ...args, '--json']);
  const checks = JSON.parse(said.out) as readonly { readonly state: string }[];
  expect(said.code).toBe(checks.some((check) => check.state === 'broken') ? 1 : 0);
  return checks.filter((check) => check.state === state);
}
