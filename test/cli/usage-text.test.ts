import { expect, test } from 'vitest';
import { usageText } from '../../cli/usage-text.ts';
import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';

const now = Date.UTC(2026, 8, 7, 12);
const mark = (knownMs: number, tokensMs: number | undefined) => ({
  schema: 1 as const,
  readAt: now,
  knownUntil: now - knownMs,
  tokensUntil: tokensMs === undefined ? 0 : now - tokensMs,
});

test.each([
  ['nothing was read', undefined, 'Usage was not read yet: the collector runs each minute and is about five minutes late.'],
  ['all is well', mark(30 * minuteMs, 6 * minuteMs), 'Usage is known until 2026-09-07 11:30 UTC.'],
  [
    'the collector is behind',
    mark(2 * hourMs, 2 * hourMs),
    'Usage is known until 2026-09-07 10:00 UTC. The collector is behind: look at the log group of the output UsageCollectorFunctionName.',
  ],
  [
    'the report shows no tokens of anybody',
    mark(30 * minuteMs, 5 * hourMs),
    'Usage is known until 2026-09-07 11:30 UTC. No tokens of anybody in the organization are visible since 2026-09-07 07:00 UTC, so that ' +
      'silence proves nothing: old keys wait for later tokens, or for their maximum grace.',
  ],
  [
    'the report goes on after an unusual pause',
    { ...mark(30 * minuteMs, 6 * minuteMs), resumed: { at: now - 30 * minuteMs, from: now - 30 * hourMs } },
    'Usage is known until 2026-09-07 11:30 UTC. The usage report goes on after an unusual pause, and what the pause hid may still come: ' +
      'until 2026-09-07 13:30 UTC old keys do not retire by silence.',
  ],
  [
    'nobody was ever seen to use anything',
    mark(30 * minuteMs, undefined),
    'Usage is known until 2026-09-07 11:30 UTC. No tokens of anybody in the organization were ever visible, so that silence proves ' +
      'nothing: old keys wait for later tokens, or for their maximum grace.',
  ],
])('%s', (_what, watermark, text) => {
  expect(usageText(watermark, now)).toBe(text);
});
