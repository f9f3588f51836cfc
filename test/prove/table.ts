import { runnerCounts, type Case, type CaseResult } from './crash.ts';
import { wrongOf } from './faults.ts';
import { wrongAnswers } from './wrong-answers.ts';

/** The columns of the table: what was done to a call, whatever the exact form. */
const columns = ['killed', 'throttled', 'failed', 'cut', 'lost', 'stale', 'outage', 'beside', ...wrongAnswers] as const;

/** Counts of cases by operation and kind of fault; a count with violations shows them: `24 (2!)`. */
export function tableOf(results: readonly CaseResult[], calls: ReadonlyMap<string, number>): string {
  const header = ['operation', 'calls', ...columns, 'none after', 'one after', 'two at once', 'cases', 'violations'];
  const rows = [...calls].map(([operation, calledTimes]) => {
    const own = results.filter((result) => result.case.operation === operation);
    return [
      operation,
      String(calledTimes),
      ...columns.map((column) => cell(own.filter((result) => isIn(column, result.case)))),
      ...runnerCounts.map((count) => cell(own.filter((result) => result.case.runners === count))),
      String(own.length),
      String(violated(own)),
    ];
  });
  const total = ['all', String([...calls.values()].reduce((sum, count) => sum + count, 0))];
  const last = [
    ...total,
    ...columns.map((column) => cell(results.filter((result) => isIn(column, result.case)))),
    ...runnerCounts.map((count) => cell(results.filter((result) => result.case.runners === count))),
    String(results.length),
    String(violated(results)),
  ];
  return plainTable([header, ...rows, last]);
}

function isIn(column: (typeof columns)[number], { kind }: Case): boolean {
  const wrong = wrongOf(kind);
  return wrong === undefined ? kind.startsWith(column) : wrong === column;
}

function cell(results: readonly CaseResult[]): string {
  const bad = violated(results);
  return bad === 0 ? String(results.length) : `${results.length} (${bad}!)`;
}

function violated(results: readonly CaseResult[]): number {
  return results.filter((result) => result.violations.length > 0).length;
}

/** The first column to the left, the others to the right. */
export function plainTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join('  '),
    )
    .join('\n');
}
