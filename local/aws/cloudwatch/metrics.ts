import type { Dimension } from '@aws-sdk/client-cloudwatch';
import { Series } from './series.ts';
import type { Datum } from './series.ts';

const RETENTION_MINUTES = 455 * 24 * 60;

export interface MetricName {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
}

export interface Metric extends MetricName {
  /** A metric sent in two units is kept apart; a reader who names none gets one of them. */
  readonly byUnit: Map<string, Series>;
  lastPutAt: number;
}

/** All metrics of the account. The last put can be held back, for reads that are to come too early. */
export interface Metrics {
  put(entries: readonly { readonly metric: MetricName; readonly unit: string; readonly datum: Datum }[], now: number): void;
  /** Series of one metric. With `stale` the last put is not in them yet, unless a fresher read has seen it. */
  series(metric: MetricName, unit: string | undefined, stale: boolean): Series[];
  all(): Metric[];
}

export function createMetrics(): Metrics {
  const metrics = new Map<string, Metric>();
  let held: (() => void) | undefined;

  const release = (): void => {
    held?.();
    held = undefined;
  };

  return {
    put(entries, now) {
      release();
      held = () => {
        for (const { metric, unit, datum } of entries) {
          const key = keyOf(metric);
          let known = metrics.get(key);
          if (known === undefined) metrics.set(key, (known = { ...metric, byUnit: new Map(), lastPutAt: now }));
          known.lastPutAt = now;
          let series = known.byUnit.get(unit);
          if (series === undefined) known.byUnit.set(unit, (series = new Series()));
          series.add(datum);
          // Rarely, so that a year of history costs what a year of history needs.
          if (datum.minute % 1440 === 0) series.forgetBefore(Math.floor(now / 60_000) - RETENTION_MINUTES);
        }
      };
    },
    series(metric, unit, stale) {
      if (!stale) release();
      const { byUnit } = metrics.get(keyOf(metric)) ?? { byUnit: new Map<string, Series>() };
      if (unit === undefined) return [...byUnit.values()];
      const series = byUnit.get(unit);
      return series === undefined ? [] : [series];
    },
    all() {
      release();
      return [...metrics.values()];
    },
  };
}

/** Dimensions by their wire names; their order does not matter. */
export function metricName(namespace: string, name: string, dimensions: readonly Dimension[] | undefined): MetricName {
  const list = (dimensions ?? []).map(({ Name, Value }) => ({ name: Name ?? '', value: Value ?? '' }));
  return { namespace, name, dimensions: list.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

function keyOf({ namespace, name, dimensions }: MetricName): string {
  let key = `${namespace}\u0000${name}`;
  for (const dimension of dimensions) key += `\u0000${dimension.name}\u0000${dimension.value}`;
  return key;
}
