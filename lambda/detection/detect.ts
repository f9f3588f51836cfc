import { unattributed, watchedMetrics, type UsageMetric } from '../../contract/metrics.ts';
import type { BaselineRecord, IncidentFacts, IncidentRecord, LookRecord } from '../../contract/records.ts';
import { dayMs, floorTo, hourMs, minuteMs } from '../foundation/clock.ts';
import { briefly } from '../foundation/errors.ts';
import { parsedJson } from '../foundation/json.ts';
import { clearAmong, record } from '../incidents/raise.ts';
import { cutsOf, echoUntil } from '../incidents/states.ts';
import { awakened } from './awakened.ts';
import {
  asUsual,
  rateFolder,
  rateStateText,
  readRateState,
  startRate,
  type Observation,
  type RateFolder,
  type RateSettings,
  type RateVerdict,
} from './detectors/rate.ts';
import type { DetectionPorts } from './ports.ts';

/** Keys whose usage did not move are looked at on this beat all the same: they may be recovering. */
const slowBeatMs = 15 * minuteMs;
/** A collector that said what it is about to publish has published it, or was killed, by then, and CloudWatch shows it. */
const visibleWithinMs = 3 * minuteMs;
/** The baseline is stored about this often: an item of tens of kilobytes is dear to write each minute. */
const rememberEveryMs = hourMs;
/** How long usage must have been back in its band before an incident is over. */
const calmMs = 30 * minuteMs;
/** An alert in minutes older than this, met while catching up, is history and no news. */
const newsMs = dayMs;
/** How far back a new subject's history is read: CloudWatch keeps one-minute data for 15 days. */
const historyMs = 14 * dayMs;

export interface DetectionTally {
  looked: number;
  alerting: number;
  failed: number;
}

/**
 * Looks at every subject whose usage moved, and at all of them on a slower beat. The answer is a fold over the minutes, of
 * which the settled ones are remembered; so it does not depend on which beat asked.
 */
export async function detectAnomalies(ports: DetectionPorts): Promise<DetectionTally> {
  const tally: DetectionTally = { looked: 0, alerting: 0, failed: 0 };
  const watermark = await ports.memory.watermark();
  if (watermark === undefined) return tally;
  const now = ports.clock.now();
  const subjects = [...(await ports.directory.all()).map((definition) => definition.name), unattributed];
  const moved = new Map((await ports.memory.moved()).map((record) => [record.subject, record.movedAt]));
  const incidents = await ports.incidents.all();
  const looks = new Map((await ports.memory.looks()).map((record) => [record.subject, record]));
  const settings = { intervalMs: minuteMs, falseAlarmsPerMonth: ports.falseAlarmsPerMonth / subjects.length };
  for (const subject of subjects) {
    const last = looks.get(subject);
    if (!isDue(moved.get(subject), last?.lookedAt, now)) continue;
    try {
      tally.looked += 1;
      const until = { settled: floorTo(watermark.knownUntil, minuteMs), open: floorTo(watermark.readAt, minuteMs) };
      if (await lookAt(subject, last, until, settings, { now, incidents }, ports)) tally.alerting += 1;
    } catch (error) {
      tally.failed += 1;
      ports.log.warn('detection.failed', { subject, error: briefly(error) });
    }
  }
  await lookForAwakened(incidents, ports);
  return tally;
}

/**
 * Whether to look at a subject: never if its usage never moved, as then there is no series to ask for. Times are epoch ms;
 * `movedAt` is when the collector was about to publish, `lookedAt` when the last look began.
 */
export function isDue(movedAt: number | undefined, lookedAt: number | undefined, now: number): boolean {
  if (movedAt === undefined) return false;
  return lookedAt === undefined || lookedAt < movedAt + visibleWithinMs || now - lookedAt >= slowBeatMs;
}

async function lookAt(
  subject: string,
  last: LookRecord | undefined,
  until: { readonly settled: number; readonly open: number },
  settings: RateSettings,
  { now, incidents }: { readonly now: number; readonly incidents: readonly IncidentRecord[] },
  ports: DetectionPorts,
): Promise<boolean> {
  const before = await ports.memory.baseline(subject);
  const from = before?.foldedUntil ?? until.settled - historyMs;
  const folder = rateFolder(before === undefined ? startRate(watchedMetrics.length) : readRateState(parsedJson(before.state)), settings);
  const observations = await ports.series.read(subject, from, until.open);

  // The long windows still speak of what a cut has ended: whether usage is unusual again is told from the minutes after it.
  const cutUntil = cutUntilOf(incidents, subject);
  let sinceCut: RateFolder | undefined;
  let again: RateVerdict | undefined;
  let alert: { readonly at: number; readonly verdict: RateVerdict } | undefined;
  let remembered: BaselineRecord | undefined;
  const rememberUntil = until.settled - from >= rememberEveryMs ? until.settled : from;
  const remember = (): void => {
    if (remembered !== undefined || rememberUntil <= from) return;
    remembered = {
      schema: 1,
      subject,
      foldedUntil: rememberUntil,
      lastAlertAt: alert?.at ?? before?.lastAlertAt ?? null,
      state: rateStateText(folder.state()),
    };
  };
  for (const observation of observations) {
    if (observation.at >= rememberUntil) remember();
    const bucket = inDetectorUnits(observation);
    if (cutUntil !== undefined && bucket.at >= cutUntil) {
      sinceCut ??= rateFolder(asUsual(folder.state()), settings);
      again = sinceCut.fold(bucket);
    }
    const verdict = folder.fold(bucket);
    if (verdict.alert) alert = { at: observation.at, verdict };
  }
  remember();

  const clearedUntil = last?.clearedUntil ?? 0;
  const lastAlertAt = alert?.at ?? before?.lastAlertAt ?? null;
  const news = alert !== undefined && alert.at >= Math.max(clearedUntil, until.open - newsMs) ? alert : undefined;
  if (news !== undefined) await record('usage-anomaly', subject, factsOf(again?.alert === true ? again : news.verdict), ports);
  const calm = lastAlertAt === null || until.open - lastAlertAt >= calmMs;
  if (calm) {
    // What was recorded just now is not among the incidents that were read.
    const open = news === undefined ? incidents : await ports.incidents.all();
    await clearAmong(open, 'usage-anomaly', subject, 'usage has been back in its usual band for half an hour', ports);
  }
  // After the incident: killed in between, the next look finds the same minutes and the same incident.
  if (remembered !== undefined) await ports.memory.remember(remembered);
  // Only alerts that were seen are over: usage that comes late may still alert in a minute that was looked at.
  const over = calm && lastAlertAt !== null ? lastAlertAt + minuteMs : 0;
  await ports.memory.look({ schema: 1, subject, lookedAt: now, clearedUntil: Math.max(clearedUntil, over) });
  return !calm;
}

/** Until when usage may be what containment has cut off in the incident of this subject (epoch ms); undefined where it cut off nothing. */
function cutUntilOf(incidents: readonly IncidentRecord[], subject: string): number | undefined {
  const cutOff = incidents.find(
    (incident) => incident.kind === 'usage-anomaly' && incident.subject === subject && incident.state === 'contained',
  );
  return cutOff === undefined ? undefined : echoUntil(cutsOf(cutOff));
}

/**
 * The detector's floors count units that matter little one by one, such as tokens. So money is given to it in
 * hundred-thousandths of a USD.
 */
export const detectorUnits: Readonly<Record<UsageMetric, number>> = {
  inputTokens: 1,
  cacheReadTokens: 1,
  outputTokens: 1,
  estimatedCostUsd: 100_000,
};

export function inDetectorUnits({ at, values }: Observation): Observation {
  return {
    at,
    values: values.map((value, index) => {
      const metric = watchedMetrics[index];
      return value === null || metric === undefined ? null : value * detectorUnits[metric];
    }),
  };
}

function factsOf(verdict: RateVerdict): IncidentFacts {
  const { explanation, score } = verdict;
  if (explanation === undefined) return { score };
  const metric = watchedMetrics[explanation.metric];
  const unit = metric === undefined ? 1 : detectorUnits[metric];
  return {
    score,
    ...(metric === undefined ? {} : { metric }),
    observed: explanation.seen / unit,
    expected: explanation.expected / unit,
    startedAt: explanation.since,
  };
}

/** Tokens on a key that should be asleep: no baseline is needed to call that wrong. */
async function lookForAwakened(incidents: readonly IncidentRecord[], ports: DetectionPorts): Promise<void> {
  const records = await ports.ledger.all();
  const uses = await ports.usage.lastUses();
  const now = ports.clock.now();
  for (const subject of new Set(records.map((record) => record.managedKey))) {
    const own = records.filter((record) => record.managedKey === subject);
    const { sinceAsleep, lately } = awakened(own, uses, now);
    if (lately.length === 0) await clearAmong(incidents, 'retired-key-used', subject, 'no tokens on a retired key for an hour', ports);
    // Each of them, or one that is used all the time would hide the others.
    for (const { apiKeyId, model, workspaceId, at, tokens } of sinceAsleep) {
      await record('retired-key-used', subject, { apiKeyId, model, workspaceId, startedAt: at, observed: tokens }, ports);
    }
  }
}
