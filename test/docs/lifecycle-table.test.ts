import { expect, test } from 'vitest';
import { apiKeyStates } from '../../contract/api-key-states.ts';
import { keyEvents, lifecycle } from '../../lambda/rotation/lifecycle.ts';
import { block, page } from './pages.ts';

test('the table of states and events is the engine’s', () => {
  const sign = (answer: string): string => ({ refused: '·', same: '=', origin: 'back' })[answer] ?? answer;
  const [head, , ...rows] = block(page('docs/rotation.md'), 'lifecycle').split('\n');
  expect(head).toBe(`| state | ${keyEvents.join(' | ')} |`);
  const order = ['standby', 'pending', 'current', 'draining', 'inactive', 'contained', 'rejected', 'archived'] as const;
  expect(order).toHaveLength(apiKeyStates.length);
  expect(rows).toEqual(order.map((state) => `| ${state} | ${keyEvents.map((event) => sign(lifecycle[state][event])).join(' | ')} |`));
});
