import { counted } from './output.ts';

/** Whether the rows of one file stand in the order in which they became known, as the back-test takes them. */
export interface RowOrder {
  next(at: number, values: readonly (number | null)[]): void;
  /** One sentence for each thing that makes the answers doubtful; none where all is well. */
  remarks(file: string): readonly string[];
}

/** A few late rows are what arrival looks like; from this share on it is no order of arrival. */
const lateShare = 0.1;

export function startOrder(): RowOrder {
  const seen = new Map<number, readonly (number | null)[]>();
  let rows = 0;
  let back = 0;
  let before = -Infinity;
  let changed = 0;
  let example: number | undefined;
  return {
    next(at, values) {
      rows += 1;
      if (at < before) back += 1;
      before = at;
      const earlier = seen.get(at);
      if (earlier !== undefined && earlier.some((value, index) => value !== values[index])) {
        changed += 1;
        example ??= at;
      }
      seen.set(at, values);
    },
    remarks(file) {
      const steps = Math.max(1, rows - 1);
      const said: string[] = [];
      if (rows > 2 && back / steps > 0.5) {
        said.push(
          `warning: the rows of ${file} stand newest first, and a row is judged by the rows above it: nothing was learned. Sort them by timestamp, oldest first`,
        );
      } else if (rows > 10 && back / steps > lateShare) {
        said.push(
          `warning: ${back} of ${counted(rows, 'row')} of ${file} are earlier than the row above them: these count as late. If they are only unsorted, sort them by timestamp`,
        );
      }
      if (example !== undefined) {
        said.push(
          `warning: ${counted(changed, 'row')} of ${file} repeat an instant with another value, the first ${new Date(example).toISOString()}: the last value counts, as for a figure that was corrected. ` +
            'If it is the hour that a clock change doubles, write the times in UTC',
        );
      }
      return said;
    },
  };
}
