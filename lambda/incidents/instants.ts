import type { Cut, IncidentRecord, NextIncident } from '../../contract/records.ts';
import { hourMs, instantUpTo, minuteMs, type Clock } from '../foundation/clock.ts';
import type { IncidentStore } from './ports.ts';

/** Clocks of two functions differ by less. */
const skewMs = minuteMs;

/** The store as those who act on it see it: no incident holds an instant that has not come, whoever wrote it. */
export function withInstantsThatHaveCome(store: IncidentStore, clock: Clock): IncidentStore {
  return {
    ...store,
    all: async () => (await store.all()).map((incident) => bounded(incident, clock.now())),
    async find(kind, subject) {
      const incident = await store.find(kind, subject);
      return incident === undefined ? undefined : bounded(incident, clock.now());
    },
    async recoveredAt(kind, subject) {
      return instantUpTo(await store.recoveredAt(kind, subject), clock.now() + skewMs);
    },
  };
}

/**
 * A finding, a notification or a cut of the future would keep people from hearing of what comes until then. So what has not come
 * is as old as the incident, and the incident at least as old as now.
 */
export function bounded(incident: IncidentRecord, now: number): IncidentRecord {
  const { toldAt, announcing, cuts, next, recoveredAt, facts, ...rest } = incident;
  const latest = now + skewMs;
  const openedAt = instantUpTo(incident.openedAt, latest) ?? now;
  const come = (instant: number): number => instantUpTo(instant, latest) ?? openedAt;
  const { startedAt, ...measured } = facts;
  const begun = instantUpTo(startedAt, latest);
  const told = instantUpTo(toldAt, latest);
  const over = instantUpTo(recoveredAt, latest);
  return {
    ...rest,
    openedAt,
    since: come(incident.since),
    lastFindingAt: come(incident.lastFindingAt),
    facts: begun === undefined ? measured : { ...measured, startedAt: begun },
    ...(told === undefined ? {} : { toldAt: told }),
    ...(over === undefined ? {} : { recoveredAt: over }),
    // A claim of the future is nobody's.
    ...(announcing === undefined || instantUpTo(announcing.at, latest) === undefined ? {} : { announcing }),
    ...(cuts === undefined ? {} : { cuts: cuts.map((cut): Cut => ({ ...cut, at: come(cut.at) })) }),
    ...(next === undefined ? {} : { next: boundedNext(next, come) }),
    ...(incident.held === undefined || incident.held.until <= now + 2 * hourMs ? {} : { held: { ...incident.held, until: now } }),
  };
}

function boundedNext(next: NextIncident, come: (instant: number) => number): NextIncident {
  return { ...next, at: come(next.at), since: come(next.since) };
}
