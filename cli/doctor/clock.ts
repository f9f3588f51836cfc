import { minuteMs } from '../../lambda/foundation/clock.ts';
import { lengthText } from '../output.ts';
import { broken, good, warning, type Answer } from './check.ts';

/** AWS refuses signatures from five minutes on; long before that, graces and requests are stored with wrong times. */
const tolerableMs = 2 * minuteMs;

/** How far this machine's clock is from a server's; `askedAt` and `answeredAt` are this machine's. */
export function clockAnswer(server: string, serverTime: number | undefined, askedAt: number, answeredAt: number): Answer {
  if (serverTime === undefined) return warning(`${server} does not say what time it is there`, 'compare your clock by hand');
  // A date header has whole seconds.
  const early = serverTime - answeredAt;
  const late = askedAt - (serverTime + 1000);
  const off = Math.max(early, late, 0);
  if (off <= tolerableMs) return good(`this machine's clock agrees with ${server}`);
  const way = early > late ? 'behind' : 'ahead of';
  return broken(
    `this machine's clock is ${lengthText(Math.round(off / 1000) * 1000)} ${way} ${server}`,
    'set it, and let it follow a time server (NTP)',
  );
}
