import { minuteMs } from '../../lambda/foundation/clock.ts';
import type { World } from '../../local/world.ts';

/**
 * Somebody in the organization plays with Claude: without tokens of anybody, the usage report shows nothing that tells silence from
 * a feed that stands still. Nobody's managed key is in it.
 */
export function othersWork(world: World, at: number = world.clock.now() - 10 * minuteMs): void {
  const [key] = world.ledger();
  const workspaceId = world.definition(key?.managedKey ?? 'production').workspaceId;
  world.anthropic.console.usePlayground(workspaceId, {
    model: 'claude-haiku-5-5',
    requests: 1,
    uncachedInputTokens: 9,
    cacheReadTokens: 0,
    outputTokens: 1,
    at,
  });
}

/** The same every half hour, for `world.passes`, whose clock need not meet the full minute. */
export function othersAtWork(world: World): (at: number) => void {
  let next = 0;
  return (at) => {
    if (at < next) return;
    next = at + 30 * minuteMs;
    othersWork(world, at);
  };
}
