import type { AlarmCause, Brake } from '../../contract/causes.ts';
import { isContainable, type IncidentKind } from '../../contract/registry.ts';
import type { Cut, IncidentRecord, IncidentState, NextIncident, Notification } from '../../contract/records.ts';
import { hourMs, minuteMs } from '../foundation/clock.ts';
import { isAmong, hasUnseen, isReminderDue, isRunning, unseenFirst } from './renotify.ts';

/** Requests that were under way when a key was cut off are counted a little later. */
export const echoMs = 5 * minuteMs;

/** One cause is told to be open and over again once in this time. */
const pairMs = hourMs;

/** What can happen to a cause. Instants are epoch ms, UTC. */
export type IncidentEvent =
  | FindingEvent
  | { readonly type: 'braked'; readonly brake: Brake }
  | { readonly type: 'containing'; readonly target: string }
  | { readonly type: 'contained'; readonly target: string; readonly at: number; readonly noneLeft?: true }
  | { readonly type: 'quiet'; readonly at: number; readonly cause: AlarmCause; readonly removed?: true };

interface FindingEvent extends NextIncident {
  readonly type: 'finding';
  /** When the same cause was over last, where it has no incident now. */
  readonly recoveredAt?: number;
}

/** State changes that people hear about; `containing` lasts a minute or two and ends in one of these. */
const announceable: readonly IncidentState[] = ['open', 'contained', 'recovered'];

/**
 * The incident after an event, or `unchanged`. Total: every state has an answer to every event. A finding on an open
 * incident is the same cause (I7): people hear of it again, in a next turn, when there is more to it than they know, and as a
 * reminder when its kind has a pace. What is used after the cut is a next turn, too. One after recovery is a new incident:
 * the ended record has left its place, or leaves it to what is `next` once people know that it is over.
 */
export function advance(
  kind: IncidentKind,
  subject: string,
  incident: IncidentRecord | undefined,
  event: IncidentEvent,
): Omit<IncidentRecord, 'revision'> | 'unchanged' {
  switch (event.type) {
    case 'finding':
      if (incident === undefined) return begun(kind, subject, event, event.recoveredAt);
      return incident.held === undefined ? foundAgain(incident, event) : setBack(incident, incident.held.from, event);
    case 'braked':
      // A replacement that failed brakes too: the incident is open again, and people can see why.
      if (incident === undefined || (incident.state !== 'open' && incident.state !== 'containing')) return 'unchanged';
      if (incident.state === 'open' && incident.brake !== undefined && isAmong([incident.brake], event.brake)) return 'unchanged';
      return { ...incident, state: 'open', brake: event.brake, ...(isBrakeUnseen(incident, event.brake) ? nextTurn(incident) : {}) };
    case 'containing':
      if (incident?.state !== 'open') return 'unchanged';
      return { ...unbraked(incident), state: 'containing', target: event.target };
    case 'contained':
      if (incident === undefined || incident.state === 'contained' || incident.state === 'recovered') return 'unchanged';
      return { ...unbraked(incident), state: 'contained', target: event.target, cuts: withCut(incident, event) };
    case 'quiet':
      return incident === undefined ? 'unchanged' : quieted(incident, event);
  }
}

/** One that came back soon is over for an hour before people hear of it: else a cause that comes and goes is a message a minute. */
function quieted(
  incident: IncidentRecord,
  event: Extract<IncidentEvent, { type: 'quiet' }>,
): Omit<IncidentRecord, 'revision'> | 'unchanged' {
  const { state, held, cameBack, next } = incident;
  if (state === 'recovered' && held === undefined) return next === undefined ? 'unchanged' : withoutNext(incident);
  const { at, cause } = event;
  if (cameBack === undefined || event.removed === true) return { ...over(incident, at, cause), ...removal(event) };
  if (state !== 'recovered') return { ...incident, state: 'recovered', held: { until: at + pairMs, from: state, cause } };
  return released(incident, at) ?? 'unchanged';
}

/** One whose end was held back, at `at` (epoch ms): people are to hear of it now. Undefined: not yet. */
export function released(incident: IncidentRecord, at: number): IncidentRecord | undefined {
  const { held } = incident;
  return held !== undefined && at >= held.until ? over(incident, at, held.cause) : undefined;
}

function over(incident: IncidentRecord, at: number, cause: AlarmCause): IncidentRecord {
  const { held, facts, ...rest } = incident;
  return { ...rest, state: 'recovered', recoveredAt: at, facts: { ...facts, cause } };
}

/** Its cause was gone for less than an hour: it goes on as it was. */
function setBack(incident: IncidentRecord, state: IncidentState, event: FindingEvent): Omit<IncidentRecord, 'revision'> {
  const { held, ...rest } = incident;
  const before = { ...rest, state };
  const after = foundAgain(before, event);
  return after === 'unchanged' ? before : after;
}

function removal({ removed }: { readonly removed?: true }): Pick<IncidentRecord, 'removed'> {
  return removed === undefined ? {} : { removed };
}

/** The incident that takes the place of one that has ended, if there is one. */
export function successorOf({ kind, subject, next, recoveredAt }: IncidentRecord): Omit<IncidentRecord, 'revision'> | undefined {
  return next === undefined ? undefined : begun(kind, subject, next, recoveredAt);
}

/** The same incident without what was found after it. */
export function withoutNext(incident: IncidentRecord): IncidentRecord {
  const { next, ...rest } = incident;
  return rest;
}

function begun(
  kind: IncidentKind,
  subject: string,
  { incidentId, at, since, facts }: NextIncident,
  recoveredAt: number | undefined,
): Omit<IncidentRecord, 'revision'> {
  const back = recoveredAt !== undefined && at - recoveredAt < pairMs ? { cameBack: true as const } : {};
  return { schema: 1, incidentId, kind, subject, state: 'open', openedAt: at, since, lastFindingAt: at, facts, announced: [], ...back };
}

/** Whether people were told that it is open, or are this moment, and never of this brake. One that comes and goes is told once. */
function isBrakeUnseen(incident: IncidentRecord, brake: Brake): boolean {
  const { announcing, brakesTold = [] } = incident;
  return (isOpeningTold(incident) || announcing?.state === openingOf(incident)) && !isAmong(brakesTold, brake);
}

/** What people have not been told, if anything. */
export function unannounced(incident: IncidentRecord): Notification | undefined {
  if (incident.held !== undefined || isOverUntold(incident)) return undefined;
  const notification = notificationOf(incident);
  return announceable.includes(incident.state) && !incident.announced.includes(notification) ? notification : undefined;
}

/** Of a key that only went on with what it had begun, one message said everything. */
function isOverUntold(incident: IncidentRecord): boolean {
  return incident.state === 'recovered' && isRunning(incident.kind, incident.facts) && cutsOf(incident).length === 0;
}

/** What people are told of an incident as it is, or were told by an alert: the same for every repeat of one message. */
export function notificationOf({ state, turn = 1 }: { readonly state: IncidentState; readonly turn?: number }): Notification {
  return (state === 'open' || state === 'contained') && turn > 1 ? `${state}-${turn}` : state;
}

/** Whether people were told that the incident opened, in its present turn: nothing is enforced before. */
export function isOpeningTold(incident: IncidentRecord): boolean {
  return incident.announced.includes(openingOf(incident));
}

function openingOf({ turn = 1 }: IncidentRecord): Notification {
  return notificationOf({ state: 'open', turn });
}

function nextTurn({ turn = 1 }: IncidentRecord): Pick<IncidentRecord, 'turn'> {
  return { turn: turn + 1 };
}

/** The API keys that were cut off, each with when it was; of a record that does not say so, as it can be told from the rest. */
export function cutsOf({ cuts, target, state, announced, toldAt, openedAt }: IncidentRecord): readonly Cut[] {
  if (cuts !== undefined) return cuts;
  const wasCut = target !== undefined && (state === 'contained' || announced.includes('contained'));
  return wasCut ? [{ apiKeyId: target, at: toldAt ?? openedAt }] : [];
}

/** Until when usage may be what the cuts have ended (epoch ms): the last one, and a while for what was under way. */
export function echoUntil(cuts: readonly Cut[]): number {
  return Math.max(...cuts.map((cut) => cut.at)) + echoMs;
}

function foundAgain(incident: IncidentRecord, event: FindingEvent): Omit<IncidentRecord, 'revision'> | 'unchanged' {
  const { at } = event;
  const facts = unseenFirst(incident, event.facts);
  if (incident.state === 'recovered') return awaiting(incident, event);
  const isOther = isRunning(incident.kind, facts) ? hasUnseen(incident, facts, at) : isAfterCut(incident, event);
  if (incident.state === 'contained' && isOther && unannounced(incident) === undefined) return reopened(incident, event);
  if (incident.state !== 'open') return at > incident.lastFindingAt ? { ...incident, lastFindingAt: at } : 'unchanged';
  if (at < incident.lastFindingAt) return 'unchanged';
  const notification = notificationOf(incident);
  const told = incident.announced.includes(notification);
  const unseen = hasUnseen(incident, facts, at);
  // One key after the other: what people were not told of yet is told and acted on first, and this is found again.
  if (unseen && told && isContainable(incident.kind)) return reopened(incident, event);
  if (unseen && !isContainable(incident.kind)) {
    const { reminder, ...rest } = incident;
    // What somebody is telling people this moment does not hold what is unseen.
    return { ...rest, lastFindingAt: at, facts, ...(told || incident.announcing?.state === notification ? nextTurn(incident) : {}) };
  }
  if (told && isReminderDue(incident, at)) {
    return { ...incident, lastFindingAt: at, facts, ...nextTurn(incident), reminder: (incident.reminder ?? 0) + 1 };
  }
  if (at === incident.lastFindingAt) return 'unchanged';
  if (!isContainable(incident.kind)) return { ...incident, lastFindingAt: at, facts };
  // What containment decided about stays as it was found; what it costs goes on.
  const { excessCostUsd, excessCostUsdPerHour } = facts;
  const costs = excessCostUsd === undefined || excessCostUsdPerHour === undefined ? {} : { excessCostUsd, excessCostUsdPerHour };
  return { ...incident, lastFindingAt: at, facts: { ...incident.facts, ...costs } };
}

/** What comes after recovery waits until people know that it is over, each in its own incident. */
function awaiting(incident: IncidentRecord, { incidentId, at, since, facts }: FindingEvent): Omit<IncidentRecord, 'revision'> {
  return { ...incident, lastFindingAt: at, next: incident.next ?? { incidentId, at, since, facts } };
}

/** Whether the cut of this key, or the last one where the finding names no key, did not end this usage. */
function isAfterCut(incident: IncidentRecord, { since, facts }: FindingEvent): boolean {
  const names = incident.kind === 'retired-key-used' ? facts.apiKeyId : undefined;
  const cuts = cutsOf(incident).filter(({ apiKeyId }) => names === undefined || apiKeyId === names);
  return since >= echoUntil(cuts);
}

/** Usage that nobody has cut off: people are told again, and containment chooses its target anew. */
function reopened(incident: IncidentRecord, { at, facts }: FindingEvent): Omit<IncidentRecord, 'revision'> {
  const { target, brake, brakesTold, ...rest } = incident;
  return { ...rest, state: 'open', lastFindingAt: at, facts, ...nextTurn(incident) };
}

function withCut(
  incident: IncidentRecord,
  { target: apiKeyId, type, ...cut }: Extract<IncidentEvent, { type: 'contained' }>,
): readonly Cut[] {
  return [...cutsOf(incident).filter((earlier) => earlier.apiKeyId !== apiKeyId), { apiKeyId, ...cut }];
}

function unbraked(incident: IncidentRecord): Omit<IncidentRecord, 'brake'> {
  const { brake, ...rest } = incident;
  return rest;
}
