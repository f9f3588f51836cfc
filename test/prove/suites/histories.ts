import { tryHistories, type HistoriesOptions } from '../interleavings/histories.ts';
import type { Extent, Outcome } from './suite.ts';

const longRuns = 50_000;
const shortRuns = 3_000;

/** Random histories, with people, time, faults, deaths and several runs at once. */
export async function historiesSuite(
  { seed, short }: Extent,
  { runs, again }: Pick<HistoriesOptions, 'again'> & { readonly runs?: number },
): Promise<Outcome> {
  const count = runs ?? (short ? shortRuns : longRuns);
  try {
    await tryHistories({ runs: count, seed, ...(again === undefined ? {} : { again }) });
    return { text: `${count} random histories, 0 violations`, data: { histories: count, violations: 0 }, violations: [] };
  } catch (error) {
    const { message, cause } = error instanceof Error ? error : new Error(String(error));
    const violation = [
      message,
      cause instanceof Error ? cause.message : '',
      `again: npm run prove:rotation -- --part histories --seed ${seed} --runs ${count} --path PATH --replay REPLAYPATH (they stand above)`,
    ].join('\n');
    return { text: 'a random history breaks an invariant', data: { histories: count, violation }, violations: [violation] };
  }
}
