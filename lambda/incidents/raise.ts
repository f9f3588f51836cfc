import type { IncidentKind } from '../../contract/kinds.ts';
import type { IncidentFacts, IncidentRecord } from '../../contract/records.ts';
import { LostRace } from '../foundation/errors.ts';
import { announce } from './announce.ts';
import { advance, type IncidentEvent } from './states.ts';
import type { IncidentPorts } from './ports.ts';

/** Records a finding under its cause and tells people if this opened an incident. Safe to repeat. */
export async function raise(kind: IncidentKind, subject: string, facts: IncidentFacts, ports: IncidentPorts): Promise<void> {
  const incident = await record(kind, subject, facts, ports);
  if (incident !== undefined) await announce(incident, ports);
}

/** Records a finding; whoever calls sees to the announcement, when it is known what will be done about it. */
export async function record(
  kind: IncidentKind,
  subject: string,
  facts: IncidentFacts,
  ports: IncidentPorts,
): Promise<IncidentRecord | undefined> {
  const at = ports.clock.now();
  const since = facts.startedAt ?? at;
  // The id is the cause and the instant: two runs that find the same thing at once agree, or one of them loses the race.
  const incidentId = `${kind}-${subject}-${new Date(at).toISOString().replace(/[-:.]/g, '')}`;
  return store(kind, subject, { type: 'finding', at, since, facts, incidentId }, ports);
}

/** The cause is gone: the incident, if there is one, recovers and people are told. */
export async function clear(kind: IncidentKind, subject: string, reason: string, ports: IncidentPorts): Promise<void> {
  await happen(kind, subject, { type: 'quiet', reason }, ports);
}

/** Applies one event to a cause's incident and tells people what they should hear of it. */
export async function happen(kind: IncidentKind, subject: string, event: IncidentEvent, ports: IncidentPorts): Promise<void> {
  const incident = await store(kind, subject, event, ports);
  if (incident !== undefined) await announce(incident, ports);
}

/** Applies one event to a cause's incident, again on the new record when somebody else changed it meanwhile. */
async function store(kind: IncidentKind, subject: string, event: IncidentEvent, ports: IncidentPorts): Promise<IncidentRecord | undefined> {
  for (;;) {
    const before = await ports.incidents.find(kind, subject);
    const after = advance(kind, subject, before, event);
    if (after === 'unchanged') return before;
    try {
      const stored = await ports.incidents.replace(before, after);
      if (before?.state !== stored.state) {
        ports.log.info('incidents.state-changed', { incidentId: stored.incidentId, kind, subject, state: stored.state });
      }
      return stored;
    } catch (error) {
      if (!(error instanceof LostRace)) throw error;
    }
  }
}
