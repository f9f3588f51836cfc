import { incidentGrades, type IncidentKind } from '../../contract/kinds.ts';
import type { IncidentFacts, IncidentRecord } from '../../contract/records.ts';
import { dayMs, hourMs } from '../foundation/clock.ts';

/** How long after the last telling a finding reminds people: for the first reminder, the second and so on, the last one for the rest. */
const paces: Partial<Record<IncidentKind, readonly number[]>> = {
  straggler: [dayMs],
  'rotation-failed': [dayMs],
  'rotation-overdue': [dayMs],
  'current-key-dead': [hourMs, hourMs, hourMs, dayMs],
};

/** Whether people, who were told of the open incident, are to be reminded by a finding at `at` (epoch ms). */
export function isReminderDue({ kind, openedAt, toldAt = openedAt, reminder = 0 }: IncidentRecord, at: number): boolean {
  const pace = paces[kind];
  const pauseMs = pace?.[reminder] ?? pace?.at(-1);
  return pauseMs !== undefined && at - toldAt >= pauseMs;
}

/** Whether there is more to an open incident than people know of it: an API key that it did not name, or a worse grade. */
export function isNews(incident: IncidentRecord, facts: IncidentFacts): boolean {
  const known = knownOf(incident);
  return newsOf(incident.kind, facts).some((each) => !known.includes(each)) || isWorse(incident.kind, incident.facts, facts);
}

/** What people know once they are told of the incident as it is. */
export function knowing(incident: IncidentRecord): Pick<IncidentRecord, 'known' | 'brakesTold'> {
  const { kind, facts, known = [], brake, brakesTold = [] } = incident;
  const news = new Set([...known, ...newsOf(kind, facts)]);
  return {
    ...(news.size === 0 ? {} : { known: [...news] }),
    ...(brake === undefined ? {} : { brakesTold: [...new Set([...brakesTold, brake])] }),
  };
}

/** A record that does not say so, and that somebody was told of, is known as it is. */
function knownOf(incident: IncidentRecord): readonly string[] {
  return incident.known ?? newsOf(incident.kind, incident.facts);
}

/** What about a finding is news by itself. */
function newsOf(kind: IncidentKind, { apiKeyId }: IncidentFacts): readonly string[] {
  return kind === 'retired-key-used' && apiKeyId !== undefined ? [apiKeyId] : [];
}

/** Whether `after` is of a worse grade; a grade that this version does not know counts as none. */
function isWorse(kind: IncidentKind, before: IncidentFacts, after: IncidentFacts): boolean {
  const grades: Partial<Record<IncidentKind, readonly string[]>> = incidentGrades;
  const rank = ({ grade = '' }: IncidentFacts): number => grades[kind]?.indexOf(grade) ?? -1;
  return rank(after) > rank(before);
}
