import type { IncidentFacts, IncidentRecord } from '../../contract/records.ts';
import type { IncidentStore } from '../incidents/ports.ts';
import type { FailedRotation, RotationPorts } from '../rotation/ports.ts';

/** What people know of a failed rotation, out of its incident. */
export function lastingFailure(incidents: Pick<IncidentStore, 'find'>): RotationPorts['alarm']['lasting'] {
  return async (kind, managedKey) => {
    const incident = await incidents.find(kind, managedKey);
    return incident === undefined ? undefined : failureIn(incident);
  };
}

/** What was found last, and lasts: of an incident that is over and not ended yet, what was found since. */
export function failureIn({ state, openedAt, lastFindingAt, facts, next }: IncidentRecord): FailedRotation | undefined {
  const reasoned = (known: IncidentFacts): FailedRotation['facts'] => ({ cause: { code: 'not-recorded' }, ...known });
  if (state !== 'recovered') return { openedAt, at: lastFindingAt, facts: reasoned(facts) };
  return next === undefined ? undefined : { openedAt: next.at, at: next.at, facts: reasoned(next.facts) };
}
