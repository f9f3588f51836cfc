import { usageMetrics, watchedMetrics, type UsageMetric } from '../../contract/metrics.ts';
import { audit } from '../../lambda/adapters/aws/audit.ts';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { startAll } from '../../lambda/detection/detectors.ts';
import { causeText } from '../../lambda/incidents/message/cause-text.ts';
import type { DemoKey, DemoReport, DemoSeries } from '../../report/demo-data.ts';
import type { World } from '../world.ts';
import type { Cast, Told } from './story.ts';
import type { KeptPromise } from './promises.ts';

/** What a run left behind as plain data, for the report and for machines. */
export function resultOf(
  told: Told,
  keys: readonly DemoKey[],
  promises: readonly KeptPromise[],
  run: {
    readonly seed: number;
    readonly traffic: string;
    readonly tookSeconds: number;
    readonly version: string;
    readonly peakMegabytes: number;
  },
): DemoReport {
  const { world, theft } = told;
  const requests = told.consumers.reduce((sum, { tally }) => sum + tally.requests, 0);
  const failures = (cause: string): number => told.consumers.reduce((sum, { tally }) => sum + (tally.failures.get(cause) ?? 0), 0);
  const after = (kind: 'alert' | 'containment'): string => {
    const event = told.events.find((candidate) => candidate.kind === kind && candidate.at >= theft.from);
    return event === undefined ? 'never' : `${Math.round((event.at - theft.from) / minuteMs)} min`;
  };
  const minutes = (told.world.clock.now() - told.from) / minuteMs;
  return {
    seed: run.seed,
    traffic: run.traffic,
    from: told.from,
    to: world.clock.now(),
    tookSeconds: run.tookSeconds,
    version: run.version,
    keys: [...keys],
    events: [...told.events],
    consumers: told.consumers.map(({ name, tally }) => ({
      name,
      requests: tally.requests,
      overHttp: tally.overHttp,
      failures: [...tally.failures].map(([cause, count]) => ({ cause, count })),
    })),
    invariants: promises.map((promise) => ({ ...promise })),
    alerts: [...told.alerts],
    figures: [
      { label: 'consumer requests', value: requests.toLocaleString('en-US') },
      { label: 'failed outside containment', value: String(failures('other')) },
      { label: 'met the cut', value: String(failures('containment')), note: 'refused once, then read the new value' },
      { label: 'theft to alert', value: after('alert'), note: 'the usage feed is five minutes late' },
      { label: 'theft to cut-off', value: after('containment') },
      {
        label: 'requests of the thief',
        value: theft.requests.toLocaleString('en-US'),
        note: `${theft.refused.toLocaleString('en-US')} more were refused`,
      },
      {
        label: 'metrics asked for',
        value: world.aws.inspect.metrics.cost().metricsAskedFor.toLocaleString('en-US'),
        note: `in ${Math.round(minutes).toLocaleString('en-US')} minutes of world time; each minute only around the theft`,
      },
      { label: 'peak memory', value: `${run.peakMegabytes} MB`, note: `${run.tookSeconds.toFixed(0)} s in all` },
    ],
  };
}

/** A managed key's plots and lanes: a fold over its week, so made once. */
export async function keyOf(key: Cast, told: Told): Promise<DemoKey> {
  const { world } = told;
  const definition = world.definition(key.name);
  return {
    name: key.name,
    workspace: definition.workspaceId,
    profile: key.profile,
    containment: definition.containment.mode,
    series: seriesOf(key.name, told),
    lifecycle: await lanesOf(key.name, world),
  };
}

/** What CloudWatch holds, with the band that the deployed detector expected: the same fold over the same minutes. */
function seriesOf(subject: string, { world, from }: Told): DemoSeries[] {
  const sums = new Map<UsageMetric, Map<number, number>>();
  for (const metric of world.aws.inspect.metrics.metrics()) {
    const name = watchedMetrics.find((watched) => usageMetrics[watched].name === metric.name);
    if (name === undefined || !metric.dimensions.some(({ value }) => value === subject)) continue;
    sums.set(name, new Map(metric.minutes.map(({ at, sum }) => [at, sum])));
  }
  const series = watchedMetrics.map((metric) => ({
    metric: usageMetrics[metric].name,
    at: [] as number[],
    observed: [] as (number | null)[],
    low: [] as number[],
    typical: [] as number[],
    high: [] as number[],
  }));
  const folder = startAll(watchedMetrics.length).folder({ intervalMs: minuteMs, falseAlarmsPerMonth: 0.25 });
  for (let at = from; at < world.clock.now(); at += minuteMs) {
    const values = watchedMetrics.map((metric) => sums.get(metric)?.get(at) ?? 0);
    const verdict = folder.fold({ at, values });
    series.forEach((line, index) => {
      const band = verdict.expected[index];
      if (band === undefined) return;
      line.at.push(at);
      line.observed.push(values[index] ?? null);
      line.low.push(band.low);
      line.typical.push(band.typical);
      line.high.push(band.high);
    });
  }
  // A band that is still wide would press the usage itself flat: it is drawn up to a little above what was ever seen.
  for (const line of series) {
    const ceiling = 1.3 * Math.max(...line.observed.map((value) => value ?? 0));
    line.high = line.high.map((value) => Math.min(value, ceiling));
  }
  return series;
}

/** The states of each key from the audit trail in the state table. */
async function lanesOf(managedKey: string, world: World): Promise<DemoKey['lifecycle']> {
  const steps = (await audit(openTable(world.installation.stateTable)).read(managedKey, 0)).flatMap((step) => {
    const { apiKeyId, from, to } = step;
    return apiKeyId === undefined || to === undefined || from === to ? [] : [{ ...step, apiKeyId, to }];
  });
  return [...new Set(steps.map((step) => step.apiKeyId))].map((apiKeyId) => {
    const own = steps.filter((step) => step.apiKeyId === apiKeyId);
    return {
      apiKeyId,
      hint: world.anthropic.inspect.key(apiKeyId).hint,
      spans: own.map((step, index) => ({
        state: step.to,
        from: step.at,
        to: own[index + 1]?.at ?? world.clock.now(),
        because: causeText(step.cause),
      })),
    };
  });
}
