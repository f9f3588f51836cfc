import { rfc3339 } from './fields.ts';

/** A page of the usage report, as it would be sent. */
export interface UsageReportPage {
  readonly data: readonly object[];
  readonly has_more: boolean;
  readonly next_page: string | null;
}

/** What the usage report may do wrong beside late, missing and restated usage. */
export interface UsageFaults {
  /** From now on reports answer as they would have at `at`: 200, and nothing new. Undefined: the feed goes on, with all that it held back. */
  standStill(at: number | undefined): void;
  /** Every page is sent as `change` makes it. Undefined: as it is. */
  misreport(change: Misreport | undefined): void;
}

/** `nth` counts the pages since the fault was ordered, from 1. */
export type Misreport = (page: UsageReportPage, nth: number) => object;

/** Says that there is more, and not where. */
export const cutPage: Misreport = (page) => ({ ...page, data: page.data.slice(0, -5), has_more: true, next_page: null });
/** The same page again and again. */
export const samePage: Misreport = (page) => ({ ...page, has_more: true, next_page: tokenOf(startOf(page.data[0])) });
/** Always one more page, and nothing on it. */
export const endlessPages: Misreport = (page, nth) => ({ ...page, has_more: true, next_page: tokenOf(Date.UTC(2040, 0, 1, 0, nth)) });
/** Each row lacks a field. */
export const withoutField =
  (name: string): Misreport =>
  (page) => ({
    ...page,
    data: page.data.map((bucket) => ({ ...bucket, results: rowsOf(bucket).map((row) => ({ ...row, [name]: undefined })) })),
  });

/** As the report itself makes them: the bucket that comes next. */
const tokenOf = (start: number): string => `page_${Buffer.from(rfc3339(start)).toString('base64')}`;

const startOf = (bucket: object | undefined): number => Date.parse(String(Reflect.get(bucket ?? {}, 'starting_at')));

function rowsOf(bucket: object): readonly object[] {
  const rows: unknown = Reflect.get(bucket, 'results');
  return Array.isArray(rows) ? rows.filter((row: unknown) => row instanceof Object) : [];
}

/** The server's side. */
export interface UsageReportState extends UsageFaults {
  asOf(now: number): number;
  sent(page: UsageReportPage): object;
}

export function usageFaults(): UsageReportState {
  let stoodStillAt: number | undefined;
  let misreport: Misreport | undefined;
  let sent = 0;
  return {
    standStill: (at) => void (stoodStillAt = at),
    misreport(change) {
      misreport = change;
      sent = 0;
    },
    asOf: (now) => Math.min(now, stoodStillAt ?? now),
    sent(page) {
      sent += 1;
      return misreport === undefined ? page : misreport(page, sent);
    },
  };
}
