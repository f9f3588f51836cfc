import { GetMetricDataCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { GetMetricDataCommandInput, MetricDatum } from '@aws-sdk/client-cloudwatch';
import { HOUR } from './clients.ts';
import type { Clients } from './clients.ts';

/** Puts into the namespace `Guard`. */
export const put = (clients: Clients, ...data: MetricDatum[]) =>
  clients.metrics.send(new PutMetricDataCommand({ Namespace: 'Guard', MetricData: data }));
export const at = (clients: Clients, agoMs: number): Date => new Date(clients.clock.now() - agoMs);

export interface Ask {
  readonly stat?: string;
  readonly period?: number;
  readonly agoMs?: number;
  readonly name?: string;
  readonly more?: Partial<GetMetricDataCommandInput>;
}
/** One series of `Guard` around now, oldest first. */
export async function read(clients: Clients, { stat = 'Sum', period = 60, agoMs = 3 * HOUR, name = 'Tokens', more = {} }: Ask = {}) {
  const { MetricDataResults: results } = await clients.metrics.send(
    new GetMetricDataCommand({
      StartTime: at(clients, agoMs),
      EndTime: at(clients, -2 * HOUR),
      ScanBy: 'TimestampAscending',
      MetricDataQueries: [{ Id: 'q', MetricStat: { Metric: { Namespace: 'Guard', MetricName: name }, Period: period, Stat: stat } }],
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
