import { seeded } from '../../local/traffic/random.ts';
import type { World } from '../../local/world.ts';
import { realTimeout } from './quick-timers.ts';

/** How long the gate waits for another flow's call before it lets the only one through. Real time. */
const patienceMs = 4;

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
  let timer: NodeJS.Timeout | undefined;

  const letOneThrough = (): void => {
    clearTimeout(timer);
    timer = undefined;
    waiting.splice(Math.floor(draw() * waiting.length), 1)[0]?.();
    // The one let through may itself wait for one that still stands here.
    look();
  };
  const look = (): void => {
    if (waiting.length === 0) return;
    if (waiting.length >= Math.max(running, 1)) letOneThrough();
    else timer ??= realTimeout(letOneThrough, patienceMs);
  };
  const wait = ({ phase }: { readonly phase: 'before' | 'after' }): Promise<undefined> | undefined => {
    if (phase === 'after') return undefined;
    return new Promise((resolve) => {
      waiting.push(() => resolve(undefined));
      look();
    });
  };
  const stops = [world.aws.intercept.onCall(wait), world.anthropic.intercept.onCall(wait)];
  await Promise.allSettled(
    flows.map(async (flow) => {
      try {
        await flow();
      } finally {
        running -= 1;
        look();
      }
    }),
  );
  for (const stop of stops) stop();
  while (waiting.length > 0) letOneThrough();
}
