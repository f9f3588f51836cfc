import { explore, preemptionsFor, type Exploration } from '../interleavings/explore.ts';
import { scenarios } from '../interleavings/scenarios.ts';
import { plainTable } from '../table.ts';
import type { Extent, Outcome } from './suite.ts';

/** Every schedule of two or three runs of the engine, within bounds. */
export async function schedulesSuite({ short, say }: Extent): Promise<Outcome> {
  const explored: (Exploration & { readonly preemptions: number })[] = [];
  for (const scenario of scenarios) {
    const preemptions = await preemptionsFor(scenario, short);
    const exploration = await explore(scenario, preemptions);
    explored.push({ ...exploration, preemptions });
    say(`${scenario.name}: ${exploration.schedules} schedules\n`);
  }
  const rows = explored.map(({ scenario, calls, preemptions, schedules, found }) => [
    scenario,
    String(calls),
    String(preemptions),
    String(schedules),
    String(found.length),
  ]);
  const sum = explored.reduce((total, { schedules }) => total + schedules, 0);
  return {
    text: plainTable([['runs that meet', 'calls', 'preemptions', 'schedules', 'violations'], ...rows, ['all', '', '', String(sum), '']]),
    data: explored,
    violations: explored.flatMap(({ scenario, found }) =>
      found.map(({ turns, violations, calls }) =>
        [`VIOLATED ${scenario}: ${JSON.stringify(turns)}`, ...violations, 'the calls in their order:', ...calls].join('\n  '),
      ),
    ),
  };
}
