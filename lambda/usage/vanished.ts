import type { UsageQuarterRecord, UsageTotals, WatermarkRecord } from '../../contract/records.ts';
import { dayMs } from '../foundation/clock.ts';
import { counted } from '../foundation/counted.ts';
import { KeyguardError } from '../foundation/errors.ts';
import { reportedMinutes, tokensOf, type TotalsBySubject } from './deltas.ts';

/** A report that shows nothing for so long has nothing to show: it takes back what it had shown. */
const believedAfterMs = dayMs;

/**
 * Of how many minutes the report takes back everything, of everybody; 0 where it does not. Anthropic may restate rows, also those of
 * one key to nothing. But a report without a single one of the minutes that it had shown is empty, not corrected: it says that it knows
 * nothing. Of one minute alone that is gone, other tokens in the report tell that it is a correction.
 */
export function vanishedMinutes(
  published: readonly UsageQuarterRecord[],
  reported: TotalsBySubject,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  const known = new Set(published.flatMap((quarter) => usedIn(reportedMinutes(quarter))).filter((at) => at >= from && at < to));
  const shown = new Set([...reported.values()].flatMap(usedIn));
  if ([...known].some((at) => shown.has(at))) return 0;
  return known.size === 1 && shown.size > 0 ? 0 : known.size;
}

function usedIn(minutes: ReadonlyMap<number, UsageTotals>): readonly number[] {
  return [...minutes].flatMap(([at, totals]) => (tokensOf(totals) > 0 ? [at] : []));
}

/** Throws `UsageVanished`: nothing of such a report is believed, until it has said the same for a day. */
export function refuseVanished(minutes: number, failing: WatermarkRecord['failing'], now: number): void {
  if (minutes > 0 && now - (failing?.emptySince ?? now) < believedAfterMs) throw new UsageVanished(minutes);
}

export class UsageVanished extends KeyguardError {
  constructor(minutes: number) {
    super(
      'usage-vanished',
      `the usage report shows no tokens of anybody in ${counted(minutes, 'minute')} where it had shown some`,
      'nothing of it was believed or published, and it is read again each minute; see docs/faq.md',
    );
  }
}
