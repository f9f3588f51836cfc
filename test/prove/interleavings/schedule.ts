import type { Fault, Gate } from './memory.ts';

/** One run of the product, given the gate at which each of its calls waits. */
export interface Actor {
  readonly name: string;
  readonly run: (gate: Gate) => Promise<unknown>;
}

/**
 * At step `at` (counted over all calls) the turn goes to another actor; or who has the turn dies before its call, which is
 * the same as dying after the call before it; or its call fails, without an effect or with one, or reads what was before.
 */
export interface Turn {
  readonly at: number;
  readonly to: number | 'death' | Fault;
}

interface Waiting {
  readonly call: string;
  readonly open: (fault: Fault | undefined) => void;
}

interface Lane {
  readonly name: string;
  waiting: Waiting | undefined;
  state: 'running' | 'waiting' | 'ended' | 'killed';
  /** Resolves when the actor waits at its next gate, or has ended. */
  arrived: Promise<void>;
  arrive: () => void;
}

export interface Trace {
  /** Every call in the order in which it had its effect: `actor: call`. */
  readonly calls: readonly string[];
  /** Mistakes of the code, which the engine's own errors are not. */
  readonly mistakes: readonly string[];
  /** Who could have had the turn at each step: for the enumeration of other schedules. */
  readonly steps: readonly { readonly actor: number; readonly others: readonly number[] }[];
}

/**
 * Runs the actors one call at a time. Who has the turn keeps it until it ends, or a turn of the schedule says otherwise: so a
 * schedule of n turns is one of n preemptions or deaths. Deterministic: the same turns give the same trace.
 */
export async function runSchedule(actors: readonly Actor[], turns: readonly Turn[]): Promise<Trace> {
  const lanes = actors.map((actor) => newLane(actor.name));
  const calls: string[] = [];
  const steps: Trace['steps'][number][] = [];
  const mistakes: string[] = [];
  actors.forEach((actor, index) => begin(actor, lanes[index], calls, mistakes));
  await Promise.all(lanes.map((lane) => lane.arrived));
  const turnAt = new Map(turns.map((turn) => [turn.at, turn]));
  let current = 0;
  for (;;) {
    const ready = lanes.flatMap((lane, index) => (lane.state === 'waiting' ? [index] : []));
    if (ready.length === 0) return { calls, steps, mistakes };
    const turn = turnAt.get(steps.length);
    if (typeof turn?.to === 'number' && ready.includes(turn.to)) current = turn.to;
    if (!ready.includes(current)) current = ready[0] ?? 0;
    const lane = lanes[current];
    if (lane?.waiting === undefined) throw new Error('nobody waits');
    steps.push({ actor: current, others: ready.filter((index) => index !== current) });
    if (turn?.to === 'death') {
      lane.state = 'killed';
      lane.waiting = undefined;
      continue;
    }
    await step(lane, typeof turn?.to === 'string' ? turn.to : undefined);
  }
}

function newLane(name: string): Lane {
  const lane: Lane = { name, waiting: undefined, state: 'running', arrived: Promise.resolve(), arrive: () => undefined };
  expectArrival(lane);
  return lane;
}

function expectArrival(lane: Lane): void {
  lane.arrived = new Promise((resolve) => (lane.arrive = resolve));
}

function begin(actor: Actor, lane: Lane | undefined, calls: string[], mistakes: string[]): void {
  if (lane === undefined) return;
  const gate: Gate = async (call) => {
    const fault = await new Promise<Fault | undefined>((open) => {
      lane.waiting = { call, open };
      lane.state = 'waiting';
      lane.arrive();
    });
    calls.push(`${lane.name}: ${call}${fault === undefined ? '' : ` (${fault})`}`);
    return fault;
  };
  const ended = (): void => {
    if (lane.state !== 'killed') lane.state = 'ended';
    lane.arrive();
  };
  actor.run(gate).then(ended, (error: unknown) => {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) {
      mistakes.push(`${actor.name} threw ${error.name}: ${error.message}`);
    }
    ended();
  });
}

/** Lets the lane's call have its effect, and the actor go on to its next call. */
async function step(lane: Lane, fault: Fault | undefined): Promise<void> {
  const { waiting } = lane;
  lane.waiting = undefined;
  lane.state = 'running';
  expectArrival(lane);
  waiting?.open(fault);
  await lane.arrived;
}
