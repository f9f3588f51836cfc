import type { Dimension } from '@aws-sdk/client-cloudwatch';
import { Series } from './series.ts';

export interface MetricName {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
}

/** One datum as it was put. */
export interface Datum {
  readonly metric: MetricName;
  readonly unit: string;
  readonly minute: number;
  readonly value: number;
}

interface Metric extends MetricName {
  /** A metric sent in two units is kept apart. */
  readonly byUnit: Map<string, Series>;
}

/** All metrics of the account. The last put can be held back, for reads that are to come too early. */
export interface Metrics {
  put(data: readonly Datum[]): void;
  /** With `stale` the last put is not in it yet, unless a fresher read has seen it. */
  series(metric: MetricName, unit: string, stale: boolean): Series | undefined;
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
    put(data) {
      release();
      held = () => {
        for (const { metric, unit, minute, value } of data) {
          const key = keyOf(metric);
          let known = metrics.get(key);
          if (known === undefined) metrics.set(key, (known = { ...metric, byUnit: new Map() }));
          let series = known.byUnit.get(unit);
          if (series === undefined) known.byUnit.set(unit, (series = new Series()));
          series.add(minute, value);
        }
      };
    },
    series(metric, unit, stale) {
      if (!stale) release();
      return metrics.get(keyOf(metric))?.byUnit.get(unit);
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
