import { allKeys } from '../../contract/metrics.ts';
import type { IncidentRecord, LookRecord, Notable } from '../../contract/records.ts';
import { dayMs, floorTo, hourMs } from '../foundation/clock.ts';
import { clearAmong, record } from '../incidents/raise.ts';
import type { IncidentPorts } from '../incidents/ports.ts';

/** No key is looked at less closely than for so many false alarms a month, however many keys share the budget. */
const leastShare = 0.1;
/** When the day's digest is told, UTC. */
const toldAtMs = 7 * hourMs;
const keptMs = 2 * dayMs;
const overAfterMs = 7 * dayMs;
/** A message is read by people. */
const mostTold = 20;

/** How a subject is looked at that has `share` of the budget. */
export interface Closeness {
  /** False alarms a month that the detector is given. */
  readonly falseAlarmsPerMonth: number;
  /** An alert whose margin is less is no alarm: by its share alone it would be none. In decimal orders of magnitude. */
  readonly leastMargin: number;
}

export function closenessOf(share: number): Closeness {
  const falseAlarmsPerMonth = Math.max(share, leastShare);
  return { falseAlarmsPerMonth, leastMargin: Math.log10(falseAlarmsPerMonth / share) };
}

/** What is remembered of a subject: one of each alert, as it was found last, of the last two days. */
export function withNotable(known: readonly Notable[], found: Notable | undefined, now: number): readonly Notable[] {
  const others = found === undefined ? known : known.filter(({ startedAt }) => startedAt !== found.startedAt);
  return [...others, ...(found === undefined ? [] : [found])].filter(({ at }) => now - at < keptMs);
}

/** The digest that is due at `now`: of the day before the last time at which one is told. Undefined where there is nothing to tell. */
export function digestAt(
  looks: readonly Pick<LookRecord, 'subject' | 'notable'>[],
  now: number,
): { readonly startedAt: number; readonly notable: readonly (Notable & { readonly subject: string })[] } | undefined {
  const until = floorTo(now - toldAtMs, dayMs) + toldAtMs;
  const notable = looks
    .flatMap(({ subject, notable: own = [] }) => own.map((each) => ({ ...each, subject })))
    .filter(({ at }) => at >= until - dayMs && at < until)
    .sort((a, b) => ratioOf(b) - ratioOf(a));
  return notable.length === 0 ? undefined : { startedAt: until, notable: notable.slice(0, mostTold) };
}

/** A number also where nothing is usual. */
function ratioOf({ observed, expected }: Notable): number {
  return observed / Math.max(expected, 1e-9);
}

/** Tells it once a day, and never contains anything. */
export async function tellDigest(
  looks: readonly Pick<LookRecord, 'subject' | 'notable'>[],
  incidents: readonly IncidentRecord[],
  now: number,
  ports: IncidentPorts,
): Promise<void> {
  const digest = digestAt(looks, now);
  const open = incidents.find(({ kind, state }) => kind === 'usage-notable' && state === 'open');
  if (digest !== undefined && digest.startedAt !== open?.facts.startedAt) await record('usage-notable', allKeys, digest, ports);
  else if (digest === undefined && open !== undefined && now - (open.facts.startedAt ?? open.since) >= overAfterMs)
    await clearAmong(incidents, 'usage-notable', allKeys, ports);
}
