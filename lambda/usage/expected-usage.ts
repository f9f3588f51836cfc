import type { ExpectedUsageRecord, Span } from '../../contract/records.ts';
import { dayMs, hourMs } from '../foundation/clock.ts';

/** Longer is no exception. */
export const longestExpectedMs = 7 * dayMs;
/** What began earlier is folded into what is usual already, and can no longer be learnt as it was. */
export const earliestExpectedMs = 44 * hourMs;

/** Unusual usage in [from, until) is what somebody expects. Epoch ms. */
export type ExpectedUsage = Pick<ExpectedUsageRecord, 'from' | 'until' | 'by' | 'because'>;

export interface ExpectedUsageStore {
  /** What people said to expect of all subjects, also what is over since a short time. */
  all(): Promise<readonly ExpectedUsageRecord[]>;
}

export interface ExpectedUsageWriter {
  /** Stores it in the place of one of the same subject that begins in the same minute. */
  expect(record: ExpectedUsageRecord): Promise<void>;
}

/** What is expected of a subject. A record that cannot be is none: who can write it must not blind detection for long. */
export function expectedOf(subject: string, records: readonly ExpectedUsageRecord[]): readonly ExpectedUsage[] {
  return records.filter(
    (record) => record.subject === subject && record.from < record.until && record.until - record.from <= longestExpectedMs,
  );
}

/** What is expected at an instant (epoch ms), if something is. */
export function expectationAt(expected: readonly ExpectedUsage[], at: number): ExpectedUsage | undefined {
  return expected.filter(({ from, until }) => from <= at && at < until).sort((a, b) => b.until - a.until)[0];
}

export interface ExpectedSpans {
  /** Not over and reported yet: it alerts nobody, and teaches nothing. */
  readonly waiting: readonly Span[];
  /** To be learnt as usual: over, and nothing was cut off in it. */
  readonly accepted: readonly Span[];
}

/**
 * What the detector makes of expected usage at `settled`, up to which minutes rarely change. Usage that was cut off (`cuts`: when;
 * `unlearnt`: its minutes) was somebody else's, so all that was expected around it teaches nothing. The look-back of an hour still holds
 * what was expected for an hour after it, which belongs to it, unless something else was `found` there.
 */
export function expectedSpans(
  expected: readonly ExpectedUsage[],
  settled: number,
  { unlearnt, found, cuts }: { readonly unlearnt: readonly Span[]; readonly found: readonly Span[]; readonly cuts: readonly number[] },
): ExpectedSpans {
  const isCut = ({ from, until }: ExpectedUsage): boolean =>
    isAmong(unlearnt, from, until) || cuts.some((at) => from <= at && at < until + hourMs);
  const spans = (those: readonly ExpectedUsage[]): readonly Span[] => those.map(({ from, until }) => ({ from, to: until }));
  return {
    waiting: spans(expected.filter(({ until }) => until + hourMs > settled)),
    accepted: spans(expected.filter((each) => each.until + hourMs <= settled && !isCut(each))).map(({ from, to }) => ({
      from,
      to: isAmong(found, to, to + hourMs) ? to : to + hourMs,
    })),
  };
}

function isAmong(spans: readonly Span[], from: number, to: number): boolean {
  return spans.some((span) => span.from < to && span.to > from);
}
