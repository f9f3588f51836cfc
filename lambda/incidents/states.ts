import { isContainable, type IncidentKind } from '../../contract/kinds.ts';
import type { IncidentFacts, IncidentRecord, IncidentState, Telling } from '../../contract/records.ts';
import { isReminderDue, isWorse } from './again.ts';

/** What can happen to a cause. Instants are epoch ms, UTC. */
export type IncidentEvent =
  | FindingEvent
  | { readonly type: 'braked'; readonly reason: string }
  | { readonly type: 'containing'; readonly target: string }
  | { readonly type: 'contained'; readonly target: string }
  | { readonly type: 'quiet'; readonly reason: string };

interface FindingEvent {
  readonly type: 'finding';
  readonly at: number;
  readonly since: number;
  readonly facts: IncidentFacts;
  readonly incidentId: string;
}

/** State changes that people hear about; `containing` lasts a minute or two and ends in one of these. */
const announceable: readonly IncidentState[] = ['open', 'contained', 'recovered'];

/**
 * The incident after an event, or `unchanged`. Total: every state has an answer to every event. A finding on an open
 * incident is the same cause (I7): people hear of it again when it became worse, and as a reminder when its kind has a pace.
 * One after recovery is a new incident, because the ended record has left its place.
 */
export function advance(
  kind: IncidentKind,
  subject: string,
  incident: IncidentRecord | undefined,
  event: IncidentEvent,
): Omit<IncidentRecord, 'revision'> | 'unchanged' {
  switch (event.type) {
    case 'finding':
      if (incident !== undefined) return foundAgain(incident, event);
      return {
        schema: 1,
        incidentId: event.incidentId,
        kind,
        subject,
        state: 'open',
        openedAt: event.at,
        since: event.since,
        lastFindingAt: event.at,
        facts: event.facts,
        announced: [],
      };
    case 'braked':
      // A replacement that failed brakes too: the incident is open again, and people can see why.
      if (incident === undefined || (incident.state !== 'open' && incident.state !== 'containing')) return 'unchanged';
      if (incident.state === 'open' && incident.brake === event.reason) return 'unchanged';
      return { ...incident, state: 'open', brake: event.reason };
    case 'containing':
      if (incident?.state !== 'open') return 'unchanged';
      return { ...released(incident), state: 'containing', target: event.target };
    case 'contained':
      if (incident === undefined || incident.state === 'contained' || incident.state === 'recovered') return 'unchanged';
      return { ...released(incident), state: 'contained', target: event.target };
    case 'quiet':
      if (incident === undefined || incident.state === 'recovered') return 'unchanged';
      return { ...incident, state: 'recovered', facts: { ...incident.facts, reason: event.reason } };
  }
}

/** What people have not been told, if anything. */
export function unannounced(incident: IncidentRecord): Telling | undefined {
  const telling = tellingOf(incident);
  return announceable.includes(incident.state) && !incident.announced.includes(telling) ? telling : undefined;
}

/** What people are told of an incident as it is, or were told by an alert: the same for every repeat of one message. */
export function tellingOf({ state, turn = 1 }: { readonly state: IncidentState; readonly turn?: number }): Telling {
  return state === 'open' && turn > 1 ? `open-${turn}` : state;
}

function foundAgain(incident: IncidentRecord, { at, facts }: FindingEvent): Omit<IncidentRecord, 'revision'> | 'unchanged' {
  if (incident.state !== 'open') return at > incident.lastFindingAt ? { ...incident, lastFindingAt: at } : 'unchanged';
  if (at < incident.lastFindingAt) return 'unchanged';
  const telling = tellingOf(incident);
  const told = incident.announced.includes(telling);
  const next = { turn: (incident.turn ?? 1) + 1 };
  if (isWorse(incident.kind, incident.facts, facts)) {
    const { reminder, ...rest } = incident;
    // What somebody is telling this moment is of the lesser grade.
    return { ...rest, lastFindingAt: at, facts, ...(told || incident.announcing?.state === telling ? next : {}) };
  }
  if (told && isReminderDue(incident, at)) {
    return { ...incident, lastFindingAt: at, facts, ...next, reminder: (incident.reminder ?? 0) + 1 };
  }
  if (at === incident.lastFindingAt) return 'unchanged';
  // What containment decided about stays as it was found.
  return { ...incident, lastFindingAt: at, facts: isContainable(incident.kind) ? incident.facts : facts };
}

function released(incident: IncidentRecord): Omit<IncidentRecord, 'brake'> {
  const { brake, ...rest } = incident;
  return rest;
}
