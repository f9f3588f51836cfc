import { isDeepStrictEqual } from 'node:util';
import { unattributed } from '../../contract/metrics.ts';
import type { ComparedRecord, IncidentRecord, LookRecord } from '../../contract/records.ts';
import { detectorKinds } from '../../contract/registry.ts';
import { instantUpTo, minuteMs } from '../foundation/clock.ts';
import { briefly } from '../foundation/errors.ts';
import { clear, clearAmong, record } from '../incidents/raise.ts';
import { expectationAt, expectedOf, type ExpectedUsage } from '../usage/expected-usage.ts';
import { compareMetrics } from './compare-metrics.ts';
import { closenessOf, tellDigest } from './digest.ts';
import { isDue, isRedundant } from './due.ts';
import { lookAt } from './look.ts';
import type { DetectionPorts } from './ports.ts';
import { lookForUnfamiliar } from './unfamiliar.ts';
import { readLook, untilOf, type Until } from './recall.ts';
import { lookForReactivated, readInactiveKeys } from './inactive-keys.ts';

/** One run may fail by chance. */
const failingRuns = 2;

export interface DetectionTally {
  looked: number;
  alerting: number;
  failed: number;
}

/**
 * Looks at every subject whose usage moved, and at all of them on a slower beat. The answer is a fold over the minutes, of
 * which the settled ones are remembered; so it does not depend on which beat asked. One subject's failure does not hold up the others.
 */
export async function detectAnomalies(ports: DetectionPorts): Promise<DetectionTally> {
  const tally: DetectionTally = { looked: 0, alerting: 0, failed: 0 };
  const watermark = await ports.memory.watermark();
  if (watermark === undefined) return tally;
  const now = ports.clock.now();
  const until = untilOf(watermark, now);
  const watched = [...(await ports.directory.all()).map((definition) => definition.name), unattributed];
  const { leastMargin, falseAlarmsPerMonth } = closenessOf(ports.falseAlarmsPerMonth / (watched.length * detectorKinds.length));
  const settings = { intervalMs: minuteMs, falseAlarmsPerMonth };
  const moved = await ports.memory.moved();
  const looks = await ports.memory.looks();
  const incidents = await ports.incidents.all();
  const inactiveKeys = await readInactiveKeys(ports);
  const categories = await ports.memory.categories();
  const expected = await ports.expected.all();
  for (const subject of new Set([...watched, ...inactiveKeys.subjects])) {
    const last = readLook(subject, looks.get(subject), now);
    const movedAt = moved.has(subject) ? (instantUpTo(moved.get(subject), now) ?? now) : undefined;
    const isWatched = watched.includes(subject);
    const own = expectedOf(subject, expected);
    let next: LookRecord | undefined;
    try {
      if (isWatched && isDue(movedAt, last.lookedAt, now)) {
        tally.looked += 1;
        const look = await lookAt(
          last,
          until,
          { ...settings, zoneOffset: ports.zoneOf(subject) },
          { now, incidents, expected: own, leastMargin },
          ports,
        );
        if (look.isAlerting) tally.alerting += 1;
        ({ next } = look);
      }
      const expectation = expectationAt(own, now);
      if (expectation !== undefined) await endAsExpected(subject, expectation, incidents, ports);
      await lookForReactivated(subject, inactiveKeys, incidents, until, ports);
      await lookForUnfamiliar(subject, categories.get(subject), incidents, now, ports);
      if (next !== undefined) {
        const compared = await comparedBy(subject, last.compared, incidents, until, tally, ports);
        const stored = { ...next, ...(compared === undefined ? {} : { compared }) };
        const isSame = isDeepStrictEqual({ ...last, lookedAt: now }, stored);
        if (!isSame || !isRedundant(movedAt, last.lookedAt, now)) await ports.memory.look(stored);
      }
      if (!isWatched) await clearAmong(incidents, 'metrics-differ', subject, ports);
      if (last.failing !== undefined && (next !== undefined || !isWatched)) {
        await clearAmong(incidents, 'detection-failing', subject, ports);
      }
    } catch (error) {
      tally.failed += 1;
      ports.log.warn('detection.failed', { subject, error: briefly(error) });
      await noteFailure(last, briefly(error), now, ports);
    }
  }
  await tellDigest(
    watched.map((subject) => readLook(subject, looks.get(subject), now)),
    incidents,
    now,
    ports,
  );
  return tally;
}

/** Somebody says that it is no theft. What was cut off already stays so, and its incident goes on. */
async function endAsExpected(
  subject: string,
  { until, by, because }: ExpectedUsage,
  incidents: readonly IncidentRecord[],
  ports: DetectionPorts,
): Promise<void> {
  const open = incidents.find(({ kind, subject: own }) => kind === 'usage-anomaly' && own === subject);
  if (open === undefined || open.state === 'contained' || open.state === 'recovered') return;
  await clear('usage-anomaly', subject, ports, { code: 'usage-expected', until, by, reason: because });
}

/** Detection does not rest on CloudWatch: where it cannot be read the run has failed, and the look has not. */
async function comparedBy(
  subject: string,
  last: ComparedRecord | undefined,
  incidents: readonly IncidentRecord[],
  until: Until,
  tally: DetectionTally,
  ports: DetectionPorts,
): Promise<ComparedRecord | undefined> {
  try {
    return await compareMetrics(subject, last, incidents, until, ports);
  } catch (error) {
    tally.failed += 1;
    ports.log.warn('detection.metrics-not-compared', { subject, error: briefly(error) });
    return last;
  }
}

/** A look that failed is repeated by the next run; when that fails, too, people hear of it. */
async function noteFailure(last: LookRecord, error: string, now: number, ports: DetectionPorts): Promise<void> {
  const { subject } = last;
  const failing = { since: last.failing?.since ?? now, runs: (last.failing?.runs ?? 0) + 1 };
  try {
    await ports.memory.look({ ...last, failing });
    if (failing.runs >= failingRuns)
      await record('detection-failing', subject, { startedAt: failing.since, cause: { code: 'error', what: error } }, ports);
  } catch (second) {
    ports.log.warn('detection.failure-not-noted', { subject, error: briefly(second) });
  }
}
