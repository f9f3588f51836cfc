import { isDeepStrictEqual } from 'node:util';
import type { Brake, ChangeCause } from '../../contract/causes.ts';
import { incidentGrades, type IncidentKind } from '../../contract/registry.ts';
import type { ChangeFacts, IncidentFacts, IncidentRecord } from '../../contract/records.ts';
import { dayMs, hourMs, iso, minuteMs } from '../foundation/clock.ts';

/** How long after the last notification a finding reminds people: for the first reminder, the second and so on, the last one for the rest. */
const paces: Partial<Record<IncidentKind, readonly number[]>> = {
  'delivery-failed': [dayMs],
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

/**
 * Whether there is more to an open incident at `at` (epoch ms) than people know of it: an API key in use, a change, or a grade. Each is
 * told once, since grades may alternate at each look; after that there are reminders.
 */
export function hasUnseen(incident: IncidentRecord, facts: IncidentFacts, at: number): boolean {
  const { kind } = incident;
  const known = acknowledgedOf(incident);
  // What a key began before it was cut off says nothing new of a key that people know to be used.
  if (isRunning(kind, facts) && known.includes(facts.apiKeyId ?? '')) return false;
  // What people know of a failure does not tell them of one of another kind; an undo that failed is the least of them.
  if (kind === 'rotation-failed' && facts.grade === 'undo-in-vain') return false;
  if (notifiableOf(kind, facts).some((each) => !known.includes(each))) return true;
  // It has no reminders, and may be open for weeks in which keys come and go.
  const { toldAt = incident.openedAt } = incident;
  return kind === 'pool-low' && rank(kind, facts) > rank(kind, incident.facts) && at - toldAt >= dayMs;
}

/** A key that is cut off and still shows tokens, because of requests that it began before: nothing is left to cut off. */
export function isRunning(kind: IncidentKind, { grade }: Pick<IncidentFacts, 'grade'>): boolean {
  return kind === 'retired-key-used' && grade === 'running';
}

/** The facts as they are told: what people do not know of comes first, and gives the message its title. */
export function unseenFirst(incident: IncidentRecord, facts: IncidentFacts): IncidentFacts {
  const { changes = [] } = facts;
  const known = acknowledgedOf(incident);
  const unseen = changes.filter((change) => !known.includes(nameOf(change)));
  const [worst] = [...unseen].sort((a, b) => rank('key-changed', b) - rank('key-changed', a));
  if (worst === undefined || unseen.length === changes.length) return facts;
  const causes = (of: readonly ChangeFacts[]): readonly ChangeCause[] => of.map(({ cause }) => cause);
  const rest = changes.filter((change) => !unseen.includes(change));
  const cause = { code: 'changes', changes: causes(unseen), known: causes(rest) } as const;
  return { ...facts, grade: worst.grade, apiKeyId: worst.apiKeyId, cause };
}

/** What people know once they are told of the incident as it is. */
export function acknowledgedFacts(incident: IncidentRecord): Pick<IncidentRecord, 'known' | 'brakesTold'> {
  const { kind, facts, known = [], brake, brakesTold = [] } = incident;
  const unseen = new Set([...known, ...notifiableOf(kind, facts)]);
  return {
    ...(unseen.size === 0 ? {} : { known: [...unseen] }),
    ...(brake === undefined ? {} : { brakesTold: isAmong(brakesTold, brake) ? brakesTold : [...brakesTold, brake] }),
  };
}

/** Whether people know of a brake: that the totals have moved on makes it no other one. Of an instant they read the minute. */
export function isAmong(told: readonly Brake[], brake: Brake): boolean {
  return told.some((each) => isDeepStrictEqual(withoutFigures(each), withoutFigures(brake)));
}

function withoutFigures(brake: Brake): Brake {
  if (brake.code === 'usage-not-visible') return { ...brake, since: Math.floor(brake.since / minuteMs) * minuteMs };
  return brake.code === 'not-confirmed' ? { ...brake, most: 0 } : brake;
}

/** An incident that people were told of, and whose record does not say what they know, is known as it is. */
function acknowledgedOf({ known, announced, announcing, kind, facts }: IncidentRecord): readonly string[] {
  return known ?? (announced.length === 0 && announcing === undefined ? [] : notifiableOf(kind, facts));
}

/** What of a finding people are to be told by itself. */
function notifiableOf(kind: IncidentKind, { apiKeyId, grade, changes, startedAt, categories = [] }: IncidentFacts): readonly string[] {
  // Who knows of the worse knows of the better.
  if (kind === 'pool-low' || kind === 'straggler') return incidentGrades[kind].slice(0, rank(kind, { grade }) + 1);
  // Consumers who fail for another reason need another cure.
  if (kind === 'current-key-dead') return grade === undefined ? [] : [grade];
  if (kind === 'rotation-failed') return [grade ?? 'failed'];
  if (kind === 'retired-key-used') {
    if (apiKeyId === undefined) return [];
    return grade === 'running' ? [nameOf({ grade: 'running', apiKeyId })] : [apiKeyId];
  }
  // Each day's is news.
  if (kind === 'usage-notable') return startedAt === undefined ? [] : [iso(startedAt)];
  if (kind === 'usage-unfamiliar') return categories.map(({ dimension, value }) => `${dimension} ${value}`);
  if (kind !== 'key-changed') return [];
  return changes?.map(nameOf) ?? (grade === undefined ? [] : [nameOf({ grade, apiKeyId: apiKeyId ?? '' })]);
}

function nameOf({ grade, apiKeyId }: Pick<ChangeFacts, 'grade' | 'apiKeyId'>): string {
  return `${grade} ${apiKeyId}`;
}

/** A grade that this version does not know counts as none. */
function rank(kind: keyof typeof incidentGrades, { grade = '' }: { readonly grade?: string | undefined }): number {
  const grades: readonly string[] = incidentGrades[kind];
  return grades.indexOf(grade);
}
