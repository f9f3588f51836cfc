import { comeToQuiescence, judgeQuiescence, type Scenario } from './scenarios.ts';
import { runSchedule, type Trace, type Turn } from './schedule.ts';

interface Found {
  readonly turns: readonly Turn[];
  readonly violations: readonly string[];
  readonly calls: readonly string[];
}

export interface Exploration {
  readonly scenario: string;
  /** Calls of the undisturbed run. */
  readonly calls: number;
  readonly schedules: number;
  readonly found: readonly Found[];
}

interface Breadth {
  /** @default 5 violations */
  readonly stopAfter?: number;
  /** Of the schedules with one turn or failure, and of those with more, one in so many. @default 1: every one */
  readonly oneIn?: { readonly alone: number; readonly more: number };
}

/**
 * Every schedule of the scenario with at most `preemptions` changes of turn and at most one death or failed call, at every call:
 * exhaustive within these bounds, on the real code of the engine. Bugs of concurrency show with very few preemptions
 * (Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded programs", 2007).
 */
export async function explore(
  scenario: Scenario,
  preemptions: number,
  { stopAfter = 5, oneIn = { alone: 1, more: 1 } }: Breadth = {},
): Promise<Exploration> {
  const found: Found[] = [];
  let schedules = 0;
  let calls = 0;
  const met = { alone: 0, more: 0 };
  const visit = async (turns: readonly Turn[], left: number, mayFail: boolean): Promise<void> => {
    if (found.length >= stopAfter) return;
    if (turns.length > 0) {
      const sort = turns.length === 1 ? 'alone' : 'more';
      met[sort] += 1;
      if ((met[sort] - 1) % oneIn[sort] !== 0) return;
    }
    const { trace, violations } = await tryOne(scenario, turns);
    schedules += 1;
    if (turns.length === 0) calls = trace.calls.length;
    if (violations.length > 0) found.push({ turns, violations, calls: trace.calls });
    const from = (turns.at(-1)?.at ?? -1) + 1;
    for (let at = from; at < trace.steps.length; at += 1) {
      const step = trace.steps[at];
      if (step === undefined) continue;
      if (left > 0) for (const to of step.others) await visit([...turns, { at, to }], left - 1, mayFail);
      if (mayFail) for (const to of ['death', 'failed', 'lost'] as const) await visit([...turns, { at, to }], left, false);
    }
  };
  await visit([], preemptions, scenario.onlyTurns !== true);
  return { scenario: scenario.name, calls, schedules, found };
}

/** How many changes of turn are tried: in the short form as many as some seconds allow. */
export async function preemptionsFor({ begin, actors, onlyTurns }: Scenario, short: boolean): Promise<number> {
  if (onlyTurns === true) return 2;
  return (short ? 1 : 2) - (actors(await begin()).length > 2 ? 1 : 0);
}

/** One schedule, from the beginning to quiescence. */
async function tryOne(
  scenario: Scenario,
  turns: readonly Turn[],
): Promise<{ readonly trace: Trace; readonly violations: readonly string[] }> {
  const world = await scenario.begin();
  world.tickMs = 1;
  const trace = await runSchedule(scenario.actors(world), turns);
  await comeToQuiescence(world);
  judgeQuiescence(world);
  const { keeps } = scenario;
  if (keeps !== undefined && world.currentKey() !== keeps)
    world.violate(`AWSCURRENT moved to ${world.currentKey() ?? 'nothing'}, which nobody asked for`);
  return { trace, violations: [...new Set([...trace.mistakes, ...world.violations])] };
}
