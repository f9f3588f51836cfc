import type { Span } from '../../contract/records.ts';
import { instantUpTo } from '../foundation/clock.ts';

export function isWithin(spans: readonly Span[], at: number): boolean {
  return spans.some(({ from, to }) => from <= at && at < to);
}

/** The same minutes as few spans in time order; those that lie no further apart than `gapMs` become one. */
export function joined(spans: readonly Span[], gapMs: number): readonly Span[] {
  const joint: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = joint.at(-1);
    if (last === undefined || span.from > last.to + gapMs) joint.push(span);
    else joint[joint.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
  }
  return joint;
}

/** The spans of a stored list that can be: in order, not longer than `longestMs`, and over by `latest`. The others are none. */
export function readSpans(stored: unknown, latest: number, longestMs: number): readonly Span[] {
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((span: unknown) => {
    if (!(span instanceof Object)) return [];
    const from = instantUpTo(Reflect.get(span, 'from'), latest);
    const to = instantUpTo(Reflect.get(span, 'to'), latest);
    return from === undefined || to === undefined || from >= to || to - from > longestMs ? [] : [{ from, to }];
  });
}
