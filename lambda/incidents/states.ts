import type { IncidentKind } from '../../contract/kinds.ts';
import type { IncidentFacts, IncidentRecord, IncidentState } from '../../contract/records.ts';

/** What can happen to a cause. Instants are epoch ms, UTC. */
export type IncidentEvent =
  | { readonly type: 'finding'; readonly at: number; readonly since: number; readonly facts: IncidentFacts; readonly incidentId: string }
  | { readonly type: 'braked'; readonly reason: string }
  | { readonly type: 'containing'; readonly target: string }
  | { readonly type: 'contained'; readonly target: string }
  | { readonly type: 'quiet'; readonly reason: string };

/** State changes that people hear about; `containing` lasts a minute or two and ends in one of these. */
const announceable: readonly IncidentState[] = ['open', 'contained', 'recovered'];

/**
 * The incident after an event, or `unchanged`. Total: every state has an answer to every event. A finding on an open
 * incident is the same cause (I7); one after recovery is a new incident, because the ended record has left its place.
 */
export function advance(
  kind: IncidentKind,
  subject: string,
  incident: IncidentRecord | undefined,
  event: IncidentEvent,
): Omit<IncidentRecord, 'revision'> | 'unchanged' {
  switch (event.type) {
    case 'finding':
      if (incident !== undefined) {
        return event.at > incident.lastFindingAt ? { ...incident, lastFindingAt: event.at } : 'unchanged';
      }
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

/** The state change that people have not been told about, if any. */
export function unannounced(incident: IncidentRecord): IncidentState | undefined {
  return announceable.includes(incident.state) && !incident.announced.includes(incident.state) ? incident.state : undefined;
}

function released(incident: IncidentRecord): Omit<IncidentRecord, 'brake'> {
  const { brake, ...rest } = incident;
  return rest;
}
