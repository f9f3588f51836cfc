import type { KeyLife, SettableStatus } from '../../../local/anthropic/key-lifecycle.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ApiError } from '../../../local/anthropic/errors.ts';
import { changeStatus, historyUntil, statusAt, worksAt } from '../../../local/anthropic/key-lifecycle.ts';

const steps = fc.array(fc.record({ ms: fc.nat(1000), status: fc.constantFrom<SettableStatus>('active', 'inactive', 'archived') }), {
  maxLength: 20,
});
const expiry = fc.option(fc.nat(8000));

/** Lives through the steps; refused ones leave no trace. `seen` is called after each. */
function live(
  stepsOfLife: readonly { ms: number; status: SettableStatus }[],
  expiresAt: number | null,
  seen: (life: KeyLife, now: number) => void,
): void {
  const life: KeyLife = { expiresAt, history: [{ at: 0, status: 'active', by: 'console' }] };
  let now = 0;
  for (const { ms, status } of stepsOfLife) {
    now += ms;
    try {
      changeStatus(life, status, 'console', now);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    seen(life, now);
  }
}

test('a key that was archived stays archived, whatever is tried', () => {
  fc.assert(
    fc.property(steps, expiry, (tried, expiresAt) => {
      let archived = false;
      live(tried, expiresAt, (life, now) => {
        const status = statusAt(life, now);
        if (archived) expect(status).toBe('archived');
        archived ||= status === 'archived';
      });
    }),
  );
});

test('no key works after it expired, or while it reads as inactive and the change had its time', () => {
  fc.assert(
    fc.property(steps, expiry, fc.nat(3000), (tried, expiresAt, delayMs) => {
      live(tried, expiresAt, (life, now) => {
        if (expiresAt !== null && now >= expiresAt) expect(worksAt(life, now, delayMs)).toBe(false);
        else expect(worksAt(life, now + delayMs, delayMs)).toBe(statusAt(life, now + delayMs) === 'active');
      });
    }),
  );
});

test('a history is in order, ends with the status of the moment, and tells of expiry once', () => {
  fc.assert(
    fc.property(steps, expiry, (tried, expiresAt) => {
      live(tried, expiresAt, (life, now) => {
        const history = historyUntil(life, now);
        expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).toSorted((a, b) => a - b));
        expect(history.at(-1)?.status).toBe(statusAt(life, now));
        expect(history.filter(({ status }) => status === 'expired').length).toBeLessThanOrEqual(1);
      });
    }),
  );
});
