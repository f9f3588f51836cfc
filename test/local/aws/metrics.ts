import { GetMetricDataCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { GetMetricDataCommandInput, MetricDataQuery, MetricDatum, MetricStat } from '@aws-sdk/client-cloudwatch';
import { HOUR } from './clients.ts';
import type { Clients } from './clients.ts';

/** Puts into the namespace `Guard`; the unit is `Count` where a datum names none. */
export const put = (clients: Clients, ...data: MetricDatum[]) =>
  clients.metrics.send(new PutMetricDataCommand({ Namespace: 'Guard', MetricData: data.map((datum) => ({ Unit: 'Count', ...datum })) }));
export const at = (clients: Clients, agoMs: number): Date => new Date(clients.clock.now() - agoMs);

export interface Ask {
  readonly stat?: string;
  readonly agoMs?: number;
  readonly name?: string;
  readonly more?: Partial<GetMetricDataCommandInput>;
}
/** The minutes of a metric of `Guard`. */
export function queryOf(Id: string, MetricName: string, { Metric, ...more }: Partial<MetricStat> = {}): MetricDataQuery {
  return {
    Id,
    MetricStat: { Metric: { Namespace: 'Guard', MetricName, ...Metric }, Period: 60, Stat: 'Sum', Unit: 'Count', ...more },
  };
}

/** One series of `Guard` around now, oldest first. */
export async function read(clients: Clients, { stat = 'Sum', agoMs = 3 * HOUR, name = 'Tokens', more = {} }: Ask = {}) {
  const { MetricDataResults: results } = await clients.metrics.send(
    new GetMetricDataCommand({
      StartTime: at(clients, agoMs),
      EndTime: at(clients, -2 * HOUR),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [queryOf('q', name, { Stat: stat })],
      ...more,
    }),
  );
  const [result] = results ?? [];
  return {
    times: (result?.Timestamps ?? []).map((time) => time.toISOString().slice(0, 16)),
    values: result?.Values,
    status: result?.StatusCode,
  };
}
