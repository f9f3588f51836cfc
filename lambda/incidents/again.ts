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

/** Whether `after` is of a worse grade; a grade that this version does not know counts as none. */
export function isWorse(kind: IncidentKind, before: IncidentFacts, after: IncidentFacts): boolean {
  const grades: Partial<Record<IncidentKind, readonly string[]>> = incidentGrades;
  const rank = ({ grade = '' }: IncidentFacts): number => grades[kind]?.indexOf(grade) ?? -1;
  return rank(after) > rank(before);
}
