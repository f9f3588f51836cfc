import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import type { Operator } from './operator.ts';

export const emergency = ['rotate', 'production', '--emergency', '--because', 'seen in a public repository', '--yes'];

/** The second key is current, the first in its grace; two more wait. `after` is what an emergency makes of them. */
export async function rotatedTwice(me: Operator) {
  const { world } = me;
  const ids = [await me.added(), await me.added(), await me.added(), await me.added()] as const;
  await world.rotate('production');
  await world.passes(hourMs, { beatMs: hourMs });
  await world.rotate('production');
  world.clock.advance(minuteMs);
  const [first, second, third, fourth] = ids;
  return { first, second, third, fourth, after: { [first]: 'inactive', [second]: 'inactive', [third]: 'current', [fourth]: 'standby' } };
}
