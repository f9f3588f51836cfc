import { watchedMetrics } from '../../contract/metrics.ts';
import type { BaselineAge, IncidentFacts, IncidentRecord, LookRecord, Notable, Span } from '../../contract/records.ts';
import { detectorKinds, type DetectorKind } from '../../contract/registry.ts';
import { dayMs, floorTo, hourMs, minuteMs } from '../foundation/clock.ts';
import { clearAmong, record } from '../incidents/raise.ts';
import { cutsOf, echoUntil } from '../incidents/states.ts';
import { detectors, type DetectorSettings, type Memory } from './detectors.ts';
import { isLateUsageDue } from './due.ts';
import { withNotable } from './digest.ts';
import { exactMinutes } from './exact.ts';
import { foldMinutes, type Alert } from './fold.ts';
import type { DetectionPorts } from './ports.ts';
import { recall, type Baseline, type Until } from './recall.ts';
import { isCarriedByCutKeys } from './inactive-keys.ts';
import { isWithin, joined } from './spans.ts';
import { expectedSpans, type ExpectedSpans, type ExpectedUsage } from '../usage/expected-usage.ts';
import { isCutOff } from '../rotation/lifecycle.ts';

/** The baseline is stored about this often: an item of tens of kilobytes is dear to write each minute. */
const rememberEveryMs = hourMs;
/** Usage comes as late as this: so far back the collector reads again. Minutes are folded again for as long, and an alert in them is news. */
const lateMs = 2 * dayMs;
/** How long usage must have been back in its band before an incident is over. */
const calmMs = 30 * minuteMs;
/** How far back a new subject's history is read: CloudWatch keeps one-minute data for 15 days. */
const historyMs = 14 * dayMs;
/** A theft that an alert tells of began this long before at the most; what began earlier is no theft any more. */
const leadMs = hourMs;
const longestTheftMs = dayMs;
/** While the history of a key is shorter, what was lost is missed. */
const youngMs = 4 * dayMs;

interface Look {
  readonly next: LookRecord;
  readonly isAlerting: boolean;
}

interface Known {
  readonly now: number;
  /** Of this subject. */
  readonly expected: readonly ExpectedUsage[];
  /** An alert with a smaller margin is no alarm; in decades. */
  readonly leastMargin: number;
  readonly incidents: readonly IncidentRecord[];
}

/** One look at one subject: folds its minutes, records what was not found before, and ends the incident when usage is calm. */
export async function lookAt(
  last: LookRecord,
  until: Until,
  settings: DetectorSettings,
  known: Known,
  ports: DetectionPorts,
): Promise<Look> {
  const { subject } = last;
  const { now } = known;
  const incident = known.incidents.find((each) => each.kind === 'usage-anomaly' && each.subject === subject);
  const ended = incident === undefined ? [] : endedBy(incident);
  const cutOff = joined(
    [...last.unlearnt, ...ended].filter(({ to }) => to > until.open - historyMs),
    0,
  );
  const { waiting, accepted } = await expectedNow(subject, known.expected, until, { unlearnt: cutOff, found: last.found }, ports);
  const unlearnt = joined([...cutOff, ...waiting], 0);
  const starts: Start[] = [];
  for (const kind of detectorKinds) starts.push(await startOf(kind, last, unlearnt, until, now, ports));
  const from = Math.min(...starts.map(({ foldedUntil }) => foldedUntil));
  const observations = await ports.series.read(subject, Math.max(from, floorTo(now, minuteMs) - historyMs), until.open);
  // What is expected is folded again when it is over: until then the old baseline stays before it.
  const oldUntil = floorTo(Math.min(until.settled - lateMs, ...waiting.map(({ from }) => from)), minuteMs);
  const folds = starts.map((start) => {
    const { kind, isLong, foldedUntil } = start;
    const before = isLong ? [until.settled, ...(oldUntil > foldedUntil ? [oldUntil] : [])] : [];
    const own = observations.filter(({ at }) => at >= foldedUntil);
    return { kind, ...foldMinutes(start.memory, own, { unlearnt, accepted }, before, settings) };
  });

  const fresh = folds
    .flatMap(({ alerts }) => alerts)
    .filter(({ at }) => at >= until.open - lateMs && !isWithin(withLead(last.found, until), at))
    .sort((a, b) => a.at - b.at);
  // Where several detectors alert in this minute, the one that is listed first speaks.
  const newest = fresh.find(({ at }) => at === fresh.at(-1)?.at);
  const because = starts.map((start) => start.afresh).find((why) => why !== undefined);
  const afresh = because === undefined ? last.afresh : { at: now, because };
  const isEcho = newest !== undefined && !isOpen(incident) && (await isCarriedByCutKeys(subject, until, ports));
  // While an incident is open, all that is found goes on with it.
  const isAlarm = newest !== undefined && (fresh.some(({ margin }) => margin >= known.leastMargin) || isOpen(incident));
  if (newest !== undefined && isAlarm) {
    const facts = { ...newest.facts, ...(await costOf(subject, newest, ports)), ...learntAnew(afresh, now) };
    if (!isEcho) await record('usage-anomaly', subject, facts, ports);
    // It is the same theft still, and nothing that could be cut off: `retired-key-used` tells of it, once.
    else if (incident?.state === 'contained')
      await record('usage-anomaly', subject, { ...facts, startedAt: startOfTheft(incident) }, ports);
  }
  const found = joined([...last.found, ...fresh.map(({ at }) => ({ from: at, to: at + minuteMs }))], calmMs).filter(
    ({ to }) => to > until.open - lateMs - calmMs,
  );
  // A report that stands still shows nothing unusual either: only later tokens of somebody say that it is over.
  const isCalm =
    newest === undefined && until.visible - (found.at(-1)?.to ?? 0) >= calmMs && now - (incident?.lastFindingAt ?? 0) >= calmMs;
  if (isCalm) {
    const adoptedAt = Math.max(...folds.map((each) => each.adoptedAt ?? -Infinity));
    const isAdopted = incident !== undefined && adoptedAt >= startOfTheft(incident);
    await clearAmong(known.incidents, 'usage-anomaly', subject, ports, isAdopted ? { code: 'usage-adopted', at: adoptedAt } : undefined);
  }
  // After the incident: killed in between, the next look finds the same minutes and the same incident.
  for (const { kind, memories } of isEcho ? [] : folds)
    for (const [foldedUntil, memory] of memories)
      await remember(kind, subject, foldedUntil === oldUntil ? 'old' : 'recent', foldedUntil, memory, ports);
  // One that has become an alarm is no digest's any more.
  const others = (last.notable ?? []).filter(({ startedAt }) => startedAt !== newest?.facts.startedAt);
  const notable = withNotable(others, newest === undefined || isAlarm || isEcho ? undefined : notableOf(newest, now), now);
  const echo = isEcho ? [{ from: fresh[0]?.at ?? newest.at, to: newest.at + minuteMs }] : [];
  const next: LookRecord = {
    schema: 1,
    subject,
    lookedAt: now,
    found,
    unlearnt: joined([...cutOff, ...echo], 0),
    ...(waiting.length === 0 ? {} : { waiting }),
    ...(notable.length === 0 ? {} : { notable }),
    ...(afresh === undefined ? {} : { afresh }),
  };
  return { next, isAlerting: newest !== undefined || (incident !== undefined && incident.state !== 'recovered' && !isCalm) };
}

interface Start extends Baseline {
  readonly kind: DetectorKind;
  /** It is two days old, and what is folded from it is remembered. */
  readonly isLong: boolean;
  /** Why the baseline had to be learnt anew. */
  readonly afresh?: string;
}

/**
 * Where the fold begins. Most looks begin at the recent baseline. Once an hour, and where usage has to be unlearnt that it
 * holds already, a look begins at the old one: so usage that comes late is judged when it is seen, also in minutes that were
 * folded before. A baseline that cannot be read back is learnt anew from what CloudWatch keeps.
 */
async function startOf(
  kind: DetectorKind,
  last: LookRecord,
  unlearnt: readonly Span[],
  until: Until,
  now: number,
  ports: DetectionPorts,
): Promise<Start> {
  const { subject } = last;
  const detector = detectors[kind];
  const stored = await ports.memory.baseline(kind, 'recent', subject);
  const recent = recall(stored, now, detector);
  if (
    typeof recent !== 'string' &&
    until.settled - recent.foldedUntil < rememberEveryMs &&
    !isLateUsageDue(last.lookedAt, now) &&
    unlearnt.every((span) => newPartOf(span, joined([...last.unlearnt, ...(last.waiting ?? [])], 0)) >= recent.foldedUntil)
  ) {
    return { ...recent, kind, isLong: false };
  }
  if (typeof recent === 'string' && stored !== undefined)
    ports.log.warn('detection.baseline-unreadable', { subject, age: 'recent', because: recent });
  const storedOld = await ports.memory.baseline(kind, 'old', subject);
  const old = recall(storedOld, now, detector);
  if (typeof old !== 'string') return { ...old, kind, isLong: true };
  const beginning = { kind, foldedUntil: until.settled - historyMs, memory: detector.start(watchedMetrics.length), isLong: true };
  // Of a new subject nothing was lost.
  if (stored === undefined && storedOld === undefined) return beginning;
  ports.log.warn('detection.started-afresh', { subject, because: old });
  return { ...beginning, afresh: old };
}

/** Where the part of a span begins that was not known before. */
function newPartOf(span: Span, known: readonly Span[]): number {
  const before = known.find(({ from, to }) => from <= span.from && span.from <= to);
  if (before === undefined) return span.from;
  return before.to >= span.to ? Infinity : before.to;
}

async function remember(
  kind: DetectorKind,
  subject: string,
  age: BaselineAge,
  foldedUntil: number,
  memory: Memory,
  ports: DetectionPorts,
): Promise<void> {
  let text: string;
  try {
    text = memory.text();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // What could not be read back is not stored: the next look starts from what was remembered before.
    ports.log.warn('detection.baseline-refused', { subject, age, because: error.message });
    return;
  }
  await ports.memory.remember(kind, age, { schema: 1, subject, foldedUntil, state: text });
}

/** What operators cut off tells as much as what containment did. */
async function expectedNow(
  subject: string,
  expected: readonly ExpectedUsage[],
  until: Until,
  known: { readonly unlearnt: readonly Span[]; readonly found: readonly Span[] },
  { ledger }: DetectionPorts,
): Promise<ExpectedSpans> {
  const cuts = expected.length === 0 ? [] : (await ledger.of(subject)).filter(isCutOff).map(({ since }) => since);
  return expectedSpans(expected, until.settled, { ...known, cuts });
}

/** The usage that the cuts of an incident have ended, from somewhat before it was seen until what was under way is counted. */
function endedBy(incident: IncidentRecord): readonly Span[] {
  const cuts = cutsOf(incident);
  if (cuts.length === 0) return [];
  const to = echoUntil(cuts);
  const from = Math.max(startOfTheft(incident) - leadMs, to - longestTheftMs);
  return from < to ? [{ from: floorTo(from, minuteMs), to: floorTo(to, minuteMs) }] : [];
}

/** Of an alert that is over, the half hour before it belongs to it: usage that comes late may let it begin earlier. */
function withLead(found: readonly Span[], until: Until): readonly Span[] {
  return found.map(({ from, to }) => ({ from: until.open - to >= calmMs ? from - calmMs : from, to }));
}

/** Of the digest that follows `now`: usage is seen minutes after it was used. */
function notableOf({ at, facts: { metric, observed, expected, windowMs, startedAt = at } }: Alert, now: number): Notable | undefined {
  if (metric === undefined || observed === undefined || expected === undefined || windowMs === undefined) return undefined;
  return { at: now, metric, observed, expected, windowMs, startedAt };
}

/** From the exact totals: what an alert has cost since it began, beyond what is typical at its hour. Both are estimates, in USD. */
async function costOf(
  subject: string,
  { at, facts: { startedAt = at }, typical }: Alert,
  { exact }: DetectionPorts,
): Promise<Pick<IncidentFacts, 'excessCostUsd' | 'excessCostUsdPerHour'>> {
  const cost = watchedMetrics.indexOf('estimatedCostUsd');
  const end = at + minuteMs;
  const from = Math.max(startedAt, end - historyMs);
  const minutes = exactMinutes(await exact.quarters(subject, from, end), from, end);
  const excess = (since: number): number =>
    minutes.reduce((sum, { at: minute, values }) => sum + (minute >= since ? (values[cost] ?? 0) : 0), 0) -
    ((end - since) / minuteMs) * (typical[cost] ?? 0);
  const lastHour = Math.max(from, end - hourMs);
  return { excessCostUsd: excess(from), excessCostUsdPerHour: (excess(lastHour) * hourMs) / Math.max(minuteMs, end - lastHour) };
}

function isOpen(incident: IncidentRecord | undefined): boolean {
  return incident?.state === 'open' || incident?.state === 'containing';
}

function startOfTheft({ facts, since }: IncidentRecord): number {
  return facts.startedAt ?? since;
}

function learntAnew(afresh: LookRecord['afresh'], now: number): Pick<IncidentFacts, 'cause'> {
  if (afresh === undefined || now - afresh.at > youngMs) return {};
  return { cause: { code: 'learnt-anew', at: afresh.at } };
}
