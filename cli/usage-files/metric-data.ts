import { usageMetricNames, usageMetrics } from '../../contract/metrics.ts';
import { dayOrInstantOf } from './instants.ts';
import { fieldOf, listOf, textOf } from './json.ts';
import { UsageFileError, gathered, shortestDistance, type Part } from './series.ts';
import type { ReadOptions, UsageRecords } from './formats.ts';

const ownMetrics: readonly string[] = usageMetricNames.map((name) => usageMetrics[name].name);

export function isMetricData(document: unknown): boolean {
  return Array.isArray(fieldOf(document, 'MetricDataResults'));
}

/** CloudWatch's answer to GetMetricData, as the AWS CLI and the SDKs print it, in either order. */
export function metricData(documents: readonly unknown[], { name, sum }: ReadOptions): UsageRecords {
  const remarks = new Set<string>();
  const parts: Part[] = [];
  let isNewestFirst = false;
  const idsOf = new Map<string, Set<string>>();
  for (const { value } of documents.flatMap((document) => listOf(document, 'MetricDataResults', name))) {
    const label = textOf(value, 'Label') ?? '';
    idsOf.set(label, (idsOf.get(label) ?? new Set()).add(textOf(value, 'Id') ?? ''));
  }
  for (const document of documents) {
    for (const { place, value } of listOf(document, 'MetricDataResults', name)) {
      const label = textOf(value, 'Label') ?? textOf(value, 'Id') ?? '';
      const timestamps = listOf(value, 'Timestamps', place);
      const values = listOf(value, 'Values', place);
      if (timestamps.length !== values.length) {
        throw new UsageFileError(`${place}: ${timestamps.length} timestamps and ${values.length} values`, askAgain);
      }
      const status = textOf(value, 'StatusCode') ?? 'Complete';
      if (status !== 'Complete') remarks.add(`warning: CloudWatch calls ${label} ${status}: some of its points are not in ${name}`);
      const subject = subjectOf(label, textOf(value, 'Id') ?? '');
      // One label for several queries tells nothing apart; their ids do.
      const isShared = (idsOf.get(label)?.size ?? 1) > 1;
      const { key, metric } = isShared ? { key: textOf(value, 'Id') ?? '', metric: subject.metric } : subject;
      let before: number | undefined;
      for (const [index, stamp] of timestamps.entries()) {
        const at = instantIn(stamp.value);
        const amount = values[index]?.value;
        if (at === undefined) throw new UsageFileError(`${stamp.place}: is no instant`, askAgain);
        if (typeof amount !== 'number' || !(amount >= 0))
          throw new UsageFileError(`${values[index]?.place ?? place}: is no number of usage`, askAgain);
        isNewestFirst ||= before !== undefined && at < before;
        before = at;
        const timestamp = new Date(at).toISOString().replace('.000Z', 'Z');
        parts.push({
          ...(key === undefined ? {} : { key }),
          timestamp,
          at,
          place: stamp.place,
          identity: metric,
          amounts: { [metric]: amount },
        });
      }
    }
    for (const { value } of listOf(document, 'Messages', name)) {
      remarks.add(`warning: CloudWatch says of ${name}: ${textOf(value, 'Value') ?? textOf(value, 'Code') ?? 'a message'}`);
    }
    if (textOf(document, 'NextToken') !== undefined)
      remarks.add(`warning: ${name} is one page of several (NextToken): ask without --no-paginate`);
  }
  if (isNewestFirst) remarks.add(`the rows of ${name} stood newest first, as GetMetricData gives them: sorted, oldest first`);
  const metrics = [...new Set(parts.map(({ identity }) => identity))];
  const intervalMs = shortestDistance(parts.map(({ at }) => at));
  return { ...gathered(parts, { metrics, intervalMs, sum }), remarks: [...remarks] };
}

/**
 * `production OutputTokens` is a metric of the key production. A label (or an id) that is one of our metrics alone, is one of the one key
 * of the file. Any other label is a key by itself.
 */
function subjectOf(label: string, id: string): { readonly key?: string; readonly metric: string } {
  const words = label.split(' ');
  const last = words.at(-1) ?? '';
  if (ownMetrics.includes(last)) return words.length === 1 ? { metric: last } : { key: words.slice(0, -1).join(' '), metric: last };
  const named = ownMetrics.find((metric) => metric.toLowerCase() === id.toLowerCase());
  if (named !== undefined) return { ...(label === id ? {} : { key: label }), metric: named };
  return { key: label, metric: 'value' };
}

/** ISO 8601; the AWS CLI 1 may give seconds since 1970. */
function instantIn(stamp: unknown): number | undefined {
  if (typeof stamp === 'number' && Number.isFinite(stamp)) return Math.round(stamp * 1000);
  return typeof stamp === 'string' ? dayOrInstantOf(stamp) : undefined;
}

const askAgain = 'ask CloudWatch again, and save its answer as it is: aws cloudwatch get-metric-data --output json … > metrics.json';
