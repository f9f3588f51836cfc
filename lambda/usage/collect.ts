import { unattributed } from '../../contract/metrics.ts';
import type { UsageQuarterRecord, UsageTotals, WatermarkRecord } from '../../contract/records.ts';
import { dayMs, floorTo, hourMs, iso, minuteMs } from '../foundation/clock.ts';
import { briefly, KeyguardError, LostRace } from '../foundation/errors.ts';
import { shortestPauseMs, wasBlind } from './blind.ts';
import {
  committed,
  dataOf,
  lastUsesOf,
  tokensUntil,
  quarterMs,
  quarterOf,
  confirmedByReadBack,
  totalsOf,
  unpublished,
  withdrawn,
} from './deltas.ts';
import { categoriesOf, withSeen } from './categories.ts';
import { expectedPause } from './expected-pause.ts';
import { NotAccepted, type CollectPorts, type UsageRow } from './ports.ts';
import { withoutPrice } from './prices.ts';
import { refuseVanished, UsageVanished, vanishedMinutes } from './vanished.ts';
import { collectionSpan, resumptionAfter, sinceLastTokens, type Span } from './watermark.ts';

/**
 * When a put whose fate is unknown may be read back: CloudWatch may take 15 minutes to show a new metric, and older
 * data comes later: what is older than 24 hours may need up to 48.
 */
function readBackAfterMs(ageMs: number): number {
  if (ageMs > 24 * hourMs) return 24 * hourMs;
  return ageMs > 3 * hourMs ? 2 * hourMs : 20 * minuteMs;
}

/** How often the age of the data is published. */
const ageBeatMs = 5 * minuteMs;
/** How long, and of how many things, people are reminded that have no price. */
const unpricedMs = 7 * dayMs;
const mostUnpriced = 20;

export interface CollectTally {
  readonly from: number;
  readonly to: number;
  readonly knownUntil: number;
  readonly rows: number;
  readonly published: number;
  readonly settled: number;
  readonly waiting: number;
}

interface Tally {
  settled: number;
  waiting: number;
  inDoubtFrom: number;
}

/**
 * Reads the closed minutes that are not settled yet and publishes exact deltas (I6). The intent is stored before the put and
 * committed after it; a put whose fate is unknown is settled by reading the minute's SampleCount back, never by putting again.
 */
export async function collectUsage(ports: CollectPorts): Promise<CollectTally> {
  const now = ports.clock.now();
  const watermark = await ports.ledger.watermark();
  const { span, rows } = await read(watermark, now, ports);
  const owners = new Map((await ports.owners.all()).map((record) => [record.apiKeyId, record.managedKey]));
  const totals = totalsOf(rows, (apiKeyId) => owners.get(apiKeyId));

  const tally: Tally = { settled: 0, waiting: 0, inDoubtFrom: Number.POSITIVE_INFINITY };
  const intended: UsageQuarterRecord[] = [];
  const published = new Map<string, readonly UsageQuarterRecord[]>();
  for (const subject of new Set([...owners.values(), unattributed, ...totals.keys()])) {
    published.set(subject, await ports.ledger.quarters(subject, span.from, span.to));
  }
  try {
    refuseVanished(vanishedMinutes([...published.values()].flat(), totals, span), watermark?.failing, now);
  } catch (error) {
    await noteUnread(error, watermark, now, ports);
    throw error;
  }
  for (const [subject, quarters] of published) {
    intended.push(...(await intend(subject, quarters, totals.get(subject) ?? new Map(), span, now, tally, ports)));
  }
  // Before the put: killed after it, nobody would say that there is something new to look at.
  for (const subject of new Set(intended.map((record) => record.subject))) await ports.ledger.markMoved(subject, ports.clock.now());
  await publish(intended, ports);

  await ports.ledger.lastUsed(lastUsesOf(rows));
  await noteCategories(rows, (apiKeyId) => owners.get(apiKeyId), now, ports);
  // Last: killed before this line, the next run reads the same minutes again and finds nothing new to publish.
  // A doubt in a minute that was known before is left to the look-backs; it does not pull the watermark back.
  const knownUntil = Math.max(Math.min(span.knownUntil, tally.inDoubtFrom), watermark?.knownUntil ?? span.from);
  const until = Math.max(tokensUntil(rows), watermark?.tokensUntil ?? 0);
  const resumed = resumptionAfter(watermark, await wasBlindUntilNow(watermark, until, now, ports), until, now);
  const unpricedNow = [...new Set(rows.flatMap(withoutPrice))];
  const unpriced = withUnpriced(watermark, unpricedNow, now);
  const noted = resumed === undefined ? {} : { resumed };
  await ports.ledger.advance({ schema: 1, knownUntil, readAt: now, tokensUntil: until, unpriced, ...noted });
  await publishAge(until, watermark, now, ports);

  if (unpricedNow.length > 0) ports.log.warn('usage.without-price', { unpriced: unpricedNow });
  if (span.lostMs > 0) ports.log.warn('usage.minutes-lost', { minutes: span.lostMs / minuteMs, before: iso(span.from) });
  const { settled, waiting } = tally;
  return { from: span.from, to: span.to, knownUntil, rows: rows.length, published: intended.length, settled, waiting };
}

async function noteCategories(
  rows: readonly UsageRow[],
  ownerOf: (apiKeyId: string) => string | undefined,
  now: number,
  { ledger }: CollectPorts,
): Promise<void> {
  const seen = categoriesOf(rows, ownerOf);
  if (seen.size === 0) return;
  const known = await ledger.categories();
  for (const [subject, categories] of seen) {
    const before = known.get(subject);
    const after = withSeen(before, subject, categories, now);
    if (after !== undefined) await ledger.rememberCategories(before, after);
  }
}

interface Reading {
  readonly span: Span;
  readonly rows: readonly UsageRow[];
}

/** Reads what is due, all or nothing. That the feed fails is noted, and the age of what is known published, before it is thrown. */
async function read(watermark: WatermarkRecord | undefined, now: number, ports: CollectPorts): Promise<Reading> {
  try {
    const usual = collectionSpan(watermark, now);
    const rows = await ports.feed.minutes(usual.from, usual.to);
    const span = sinceLastTokens(usual, watermark, tokensUntil(rows), now);
    return { span, rows: span.from === usual.from ? rows : await ports.feed.minutes(span.from, span.to) };
  } catch (error) {
    await noteUnread(error, watermark, now, ports);
    throw error;
  }
}

async function noteUnread(error: unknown, watermark: WatermarkRecord | undefined, now: number, ports: CollectPorts): Promise<void> {
  const reason = error instanceof KeyguardError ? error.message : briefly(error);
  ports.log.warn('usage.unread', { error: briefly(error) });
  // Nothing was ever read: nothing was ever visible that is so no longer.
  const latest = await ports.ledger.watermark();
  if (latest !== undefined) {
    const { since = now, emptySince = now } = latest.failing ?? {};
    const failing = { since, reason, ...(error instanceof UsageVanished ? { emptySince } : {}) };
    await ports.ledger.advance({ ...latest, failing });
  }
  await publishAge(latest?.tokensUntil ?? 0, watermark, now, ports);
}

/** Asked only where tokens are visible again after a pause: what is usual is told from two weeks of usage. */
async function wasBlindUntilNow(before: WatermarkRecord | undefined, until: number, now: number, ports: CollectPorts): Promise<boolean> {
  if (before === undefined || before.tokensUntil === 0 || until <= before.tokensUntil) return false;
  const isQuiet = before.readAt - before.tokensUntil > shortestPauseMs;
  const pause = isQuiet ? await expectedPause(before.tokensUntil, before.readAt, { ...ports, usage: ports.ledger }) : undefined;
  return wasBlind(before, pause, now);
}

/** No minute needs it, so it goes with every fifth run. */
async function publishAge(until: number, before: WatermarkRecord | undefined, now: number, { metrics }: CollectPorts): Promise<void> {
  const isDue = before === undefined || floorTo(now, ageBeatMs) > floorTo(now - minuteMs, ageBeatMs) || now - before.readAt >= ageBeatMs;
  if (until > 0 && isDue) await metrics.age((now - until) / 1000, now);
}

/** What was seen lately that has no price. */
function withUnpriced(before: WatermarkRecord | undefined, seen: readonly string[], now: number): Readonly<Record<string, number>> {
  const kept = Object.entries(before?.unpriced ?? {}).filter(([, seenAt]) => now - seenAt < unpricedMs);
  return Object.fromEntries([...kept, ...seen.map((what): [string, number] => [what, now])].slice(-mostUnpriced));
}

/** A put that CloudWatch has refused is no doubt: its intents are taken back, and the next run sends the same. */
async function publish(intended: readonly UsageQuarterRecord[], { metrics, ledger }: CollectPorts): Promise<void> {
  if (intended.length === 0) return;
  try {
    await metrics.put(intended.flatMap(dataOf));
  } catch (error) {
    if (!(error instanceof NotAccepted)) throw error;
    let end = 0;
    for (const record of intended) {
      const start = end;
      end += dataOf(record).length;
      if (end <= error.accepted) await ledger.replace(record, committed(record));
      // One of which a call took the beginning stays in doubt, and is read back.
      else if (start >= error.accepted) await ledger.replace(record, withdrawn(record));
    }
    throw error;
  }
  for (const record of intended) await ledger.replace(record, committed(record));
}

/** Stores what is about to be put, quarter by quarter; skips quarters whose last put is still in doubt, or in another run's hands. */
async function intend(
  subject: string,
  published: readonly UsageQuarterRecord[],
  reported: ReadonlyMap<number, UsageTotals>,
  span: Span,
  now: number,
  tally: Tally,
  ports: CollectPorts,
): Promise<readonly UsageQuarterRecord[]> {
  const records = new Map(published.map((record) => [record.start, record]));
  const intended: UsageQuarterRecord[] = [];
  for (let start = quarterOf(span.from); start < span.to; start += quarterMs) {
    let record = records.get(start);
    try {
      if (record?.intent !== undefined) {
        if (now - record.intent.at < readBackAfterMs(record.intent.at - start)) {
          leaveInDoubt(tally, start);
          continue;
        }
        const counts = await ports.metrics.sampleCounts(subject, start, start + quarterMs);
        record = await ports.ledger.replace(record, confirmedByReadBack(record, counts));
        tally.settled += 1;
      }
      const minutes = unpublished(record, start, span, reported);
      if (Object.keys(minutes).length === 0) continue;
      const base = record ?? { schema: 1, subject, start, minutes: {} };
      intended.push(await ports.ledger.replace(record, { ...base, intent: { at: now, minutes } }));
    } catch (error) {
      // What was published for it nobody can say: it is left as it is, and holds up no other quarter.
      if (error instanceof KeyguardError && error.code === 'foreign-record') continue;
      if (!(error instanceof LostRace)) throw error;
      leaveInDoubt(tally, start);
    }
  }
  return intended;
}

/** Usage counts as known only up to the oldest quarter that this run had to leave alone: the next run reads it again. */
function leaveInDoubt(tally: Tally, start: number): void {
  tally.waiting += 1;
  tally.inDoubtFrom = Math.min(tally.inDoubtFrom, start);
}
