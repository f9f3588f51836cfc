import { seeded } from '../../local/random.ts';
import type { World } from '../../local/world.ts';

/**
 * So many turns of the event loop the gate waits for another flow's call, before it lets one through. Turns and not time: they
 * count only while this process runs, so that a busy machine draws the same order.
 */
const patienceTurns = 150;

/** Something that somebody does in a world, beside others. */
export type Flow = () => Promise<unknown>;

/**
 * Runs several flows at once, their calls in an order that the seed draws: each call waits at a gate until every flow that has
 * not ended waits there, and then one is let through. A flow that fails is no news here: the worlds tell what came of it.
 */
export async function interleaved(world: World, seed: number, flows: readonly Flow[]): Promise<void> {
  const draw = seeded(seed, 'gate').uniform;
  const waiting: (() => void)[] = [];
  let running = flows.length;
  let isWatched = false;

  /** Lets one call through as soon as all flows stand here, or nobody else comes; and so on, as long as somebody waits. */
  const watch = async (): Promise<void> => {
    if (isWatched) return;
    isWatched = true;
    while (waiting.length > 0) {
      const present = waiting.length;
      for (let turn = 0; turn < patienceTurns && waiting.length === present && present < running; turn += 1) await nextTurn();
      if (waiting.length > present) continue;
      waiting.splice(Math.floor(draw() * waiting.length), 1)[0]?.();
      await nextTurn();
    }
    isWatched = false;
  };
  const wait = ({ phase }: { readonly phase: 'before' | 'after' }): Promise<undefined> | undefined => {
    if (phase === 'after') return undefined;
    return new Promise((resolve) => {
      waiting.push(() => resolve(undefined));
      void watch();
    });
  };
  const stops = [world.aws.intercept.onCall(wait), world.anthropic.intercept.onCall(wait)];
  await Promise.allSettled(
    flows.map(async (flow) => {
      try {
        await flow();
      } finally {
        running -= 1;
      }
    }),
  );
  for (const stop of stops) stop();
  for (const letThrough of waiting.splice(0)) letThrough();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** So long without a call, in real time: what is let in waits for the one that is held. A command's code may have to be loaded. */
const stalledMs = 500;

/** Runs `act` up to its call number `point`, holds it there while `other` runs to its end, and lets it go on. */
export async function letIn(world: World, point: number, act: Flow, other: Flow): Promise<void> {
  let calls = 0;
  let lastCallAt = performance.now();
  let rest: Promise<unknown> | undefined;
  const hold = async (): Promise<void> => {
    const state = { isOver: false };
    rest = other()
      .catch(() => undefined)
      .finally(() => (state.isOver = true));
    while (!state.isOver && performance.now() - lastCallAt < stalledMs) await nextTurn();
  };
  const onCall = ({ phase }: { readonly phase: 'before' | 'after' }): Promise<undefined> | undefined => {
    lastCallAt = performance.now();
    if (phase === 'after' || (calls += 1) !== point) return undefined;
    return hold().then(() => undefined);
  };
  const stops = [world.aws.intercept.onCall(onCall), world.anthropic.intercept.onCall(onCall)];
  await act().catch(() => undefined);
  await (rest ?? other().catch(() => undefined));
  for (const stop of stops) stop();
}
