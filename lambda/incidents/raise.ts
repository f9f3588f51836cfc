import type { IncidentKind } from '../../contract/kinds.ts';
import type { IncidentFacts, IncidentRecord } from '../../contract/records.ts';
import { LostRace } from '../foundation/errors.ts';
import { announce } from './announce.ts';
import { advance, type IncidentEvent } from './states.ts';
import type { IncidentPorts } from './ports.ts';

/** Records a finding under its cause and tells people if this opened an incident. Safe to repeat. */
export async function raise(kind: IncidentKind, subject: string, facts: IncidentFacts, ports: IncidentPorts): Promise<void> {
  const at = ports.clock.now();
  const since = facts.startedAt ?? at;
  // The id is the cause and the instant: two runs that find the same thing at once agree, or one of them loses the race.
  const incidentId = `${kind}-${subject}-${new Date(at).toISOString().replace(/[-:.]/g, '')}`;
  await happen(kind, subject, { type: 'finding', at, since, facts, incidentId }, ports);
}

/** The cause is gone: the incident, if there is one, recovers and people are told. */
export async function clear(kind: IncidentKind, subject: string, reason: string, ports: IncidentPorts): Promise<void> {
  await happen(kind, subject, { type: 'quiet', reason }, ports);
}

/** Applies one event to a cause's incident, again on the new record when somebody else changed it meanwhile. */
export async function happen(
  kind: IncidentKind,
  subject: string,
  event: IncidentEvent,
  ports: IncidentPorts,
): Promise<IncidentRecord | undefined> {
  for (;;) {
    const before = await ports.incidents.find(kind, subject);
    const after = advance(kind, subject, before, event);
    if (after === 'unchanged') {
      if (before !== undefined) await announce(before, ports);
      return before;
    }
    try {
      const stored = await ports.incidents.replace(before, after);
      if (before?.state !== stored.state) {
        ports.log.info('incidents.state-changed', { incidentId: stored.incidentId, kind, subject, state: stored.state });
      }
      await announce(stored, ports);
      return stored;
    } catch (error) {
      if (!(error instanceof LostRace)) throw error;
    }
  }
}
