import { runLoad } from '../load.ts';
import { plainTable } from '../table.ts';
import type { Extent, Outcome } from './suite.ts';

/** Programs with realistic caches through many rotations. */
export async function loadSuite({ short, say }: Extent): Promise<Outcome> {
  const load = await runLoad(short ? 3 : 100, (sentence) => say(`${sentence}\n`));
  const rows = load.rows.map(({ policy, how, requests, failures }) => [
    policy,
    how,
    requests.toLocaleString('en-US'),
    String(failures.withinGrace),
    failures.afterGrace.toLocaleString('en-US'),
  ]);
  const head = ['at maximum', 'how a program holds its key', 'requests', 'failed within the grace', 'failed after it was cut'];
  return {
    text: `${plainTable([head, ...rows])}\n${load.rotations} rotations in ${load.days} days`,
    data: load,
    violations: load.violations,
  };
}
