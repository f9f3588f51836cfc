import { counted } from '../output.ts';
import { twoValues, type UsageRow } from './series.ts';

/**
 * How the rows of plain CSV follow each other. `arrival` (--format csv): as they became known; a row twice corrects the first. `record`:
 * each instant once. `sum`: rows of one instant are parts of it.
 */
export type RowMeaning = 'arrival' | 'record' | 'sum';

/** Looks at rows of which each is answered before the next one is known. */
export interface PassingRows {
  /** Throws UsageFileError for an instant that has another value already, where that is no correction. */
  next(row: UsageRow): void;
  /** At the end, one sentence for each thing that makes the answers doubtful; none where all is well. */
  remarks(file: string): readonly string[];
}

/** A few late rows are what arrival looks like; from this share on it is no order of arrival. */
const lateShare = 0.1;
/** Nobody's rows arrive so. */
const newestFirstShare = 0.5;

export function passingRows(meaning: Exclude<RowMeaning, 'sum'>): PassingRows {
  const steps = countSteps();
  const instants = seenInstants(meaning);
  return {
    next(row) {
      steps.next(row.at);
      instants.next(row);
    },
    remarks(file) {
      const newestFirst =
        `warning: the rows of ${file} stand newest first, and a row is judged by the rows before it: nothing was learned. ` +
        'A pipe is answered row by row; give the file by its name, and it is sorted';
      return [...(steps.isNewestFirst() ? [newestFirst] : steps.unsorted(file)), ...instants.remarks(file)];
    },
  };
}

/** The rows of a whole file in the order in which they are judged, and what is to be said of them. Throws as `passingRows`. */
export function orderedRows(
  file: string,
  rows: readonly UsageRow[],
  meaning: RowMeaning,
): { readonly rows: readonly UsageRow[]; readonly remarks: readonly string[] } {
  const steps = countSteps();
  for (const { at } of rows) steps.next(at);
  const isNewestFirst = steps.isNewestFirst();
  // Reversed first: of one instant, the newer word stands above the older one.
  const inOrder = isNewestFirst ? [...rows].reverse().sort((a, b) => a.at - b.at) : rows;
  const order = isNewestFirst
    ? [`the rows of ${file} stood newest first: sorted, oldest first, and answered in that order`]
    : steps.unsorted(file);
  if (meaning === 'sum') {
    const summed = addedUp(inOrder);
    const added = rows.length - summed.length;
    return {
      rows: summed,
      remarks: [...order, ...(added === 0 ? [] : [`${counted(added, 'row')} of ${file} added to others of the same instant`])],
    };
  }
  const instants = seenInstants(meaning);
  for (const row of rows) instants.next(row);
  return { rows: inOrder, remarks: [...order, ...instants.remarks(file)] };
}

function countSteps(): {
  next(at: number): void;
  isNewestFirst(): boolean;
  unsorted(file: string): readonly string[];
} {
  let rows = 0;
  let back = 0;
  let before = -Infinity;
  const share = (): number => back / Math.max(1, rows - 1);
  return {
    next(at) {
      rows += 1;
      if (at < before) back += 1;
      before = at;
    },
    isNewestFirst: () => rows > 2 && share() > newestFirstShare,
    unsorted: (file) =>
      rows > 10 && share() > lateShare
        ? [
            `warning: ${back} of ${counted(rows, 'row')} of ${file} are earlier than the row above them: these count as late. If they are only unsorted, sort them by timestamp`,
          ]
        : [],
  };
}

function seenInstants(meaning: 'arrival' | 'record'): PassingRows {
  const seen = new Map<number, UsageRow>();
  let changed = 0;
  let repeated = 0;
  let example: UsageRow | undefined;
  return {
    next(row) {
      const earlier = seen.get(row.at);
      seen.set(row.at, row);
      if (earlier === undefined) return;
      if (!differ(earlier.values, row.values)) {
        repeated += 1;
        return;
      }
      if (meaning === 'record') throw twoValues(earlier, row);
      changed += 1;
      example ??= row;
    },
    remarks(file) {
      if (meaning === 'record' && repeated > 0)
        return [`${counted(repeated, 'row')} of ${file} repeat an instant with the same value: they count once`];
      if (example === undefined) return [];
      return [
        `warning: ${counted(changed, 'row')} of ${file} repeat an instant with another value, the first ${new Date(example.at).toISOString()}: the last value counts, as for a figure that was corrected. ` +
          'If it is the hour that a clock change doubles, write the times in UTC',
      ];
    },
  };
}

/** Where one of them is unknown, the other adds to it. */
function differ(first: UsageRow['values'], second: UsageRow['values']): boolean {
  return first.some((value, index) => {
    const other = second[index] ?? null;
    return value !== null && other !== null && value !== other;
  });
}

function addedUp(rows: readonly UsageRow[]): readonly UsageRow[] {
  const byInstant = new Map<number, UsageRow>();
  for (const row of rows) {
    const earlier = byInstant.get(row.at);
    if (earlier === undefined) byInstant.set(row.at, row);
    else byInstant.set(row.at, { ...earlier, values: earlier.values.map((value, index) => plus(value, row.values[index] ?? null)) });
  }
  return [...byInstant.values()];
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : a + b;
}
