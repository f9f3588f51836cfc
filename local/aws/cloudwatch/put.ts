import type { MetricDatum, PutMetricDataInput } from '@aws-sdk/client-cloudwatch';
import { AwsError } from '../service.ts';
import type { Checked } from '../service.ts';
import { metricName } from './metrics.ts';
import type { MetricName } from './metrics.ts';
import type { Datum } from './series.ts';

const HOUR_MS = 3_600_000;
const LARGEST = 2 ** 360;

/** Checks a PutMetricData call as AWS does; one bad datum refuses the whole call. */
export function readPut(
  input: Checked<PutMetricDataInput>,
  now: number,
): { readonly metric: MetricName; readonly unit: string; readonly datum: Datum }[] {
  const { Namespace: namespace, MetricData: data = [] } = input;
  if (input.EntityMetricData !== undefined) throw invalidValue('The local AWS takes no EntityMetricData');
  if (namespace.length === 0 || namespace.length > 255)
    throw invalidValue('The parameter Namespace must be between 1 and 255 characters long.');
  if (namespace.startsWith('AWS/')) throw invalidValue('The value AWS/ for parameter Namespace is invalid.');
  if (data.length === 0) throw new AwsError('MissingRequiredParameterException', 'The parameter MetricData is required.');
  if (data.length > 1000) throw invalidValue('The collection MetricData must not have a size greater than 1000.');
  return data.map((datum, index) => {
    const at = `MetricData.member.${index + 1}`;
    if ((datum.Dimensions?.length ?? 0) > 30) throw invalidValue(`The collection ${at}.Dimensions must not have a size greater than 30.`);
    for (const dimension of datum.Dimensions ?? []) {
      if (dimension.Value === '') throw invalidValue(`The parameter ${at}.Dimensions.member.Value must not be empty.`);
    }
    if (datum.StorageResolution !== undefined && datum.StorageResolution !== 60) {
      throw invalidValue('The local AWS keeps one-minute metrics only: StorageResolution');
    }
    return {
      metric: metricName(namespace, datum.MetricName, datum.Dimensions),
      unit: datum.Unit ?? 'None',
      datum: { minute: minuteOf(datum, at, now), ...statisticsOf(datum, at) },
    };
  });
}

function minuteOf(datum: Checked<MetricDatum>, at: string, now: number): number {
  const timestamp = datum.Timestamp?.getTime() ?? now;
  if (timestamp < now - 14 * 24 * HOUR_MS) {
    throw invalidValue(`The parameter ${at}.Timestamp must specify a time no more than two weeks in the past.`);
  }
  if (timestamp > now + 2 * HOUR_MS) {
    throw invalidValue(`The parameter ${at}.Timestamp must specify a time no more than two hours in the future.`);
  }
  return Math.floor(timestamp / 60_000);
}

function statisticsOf(datum: Checked<MetricDatum>, at: string): Omit<Datum, 'minute'> {
  const { Value: value, StatisticValues: set, Values: values, Counts: counts } = datum;
  if ([value, set, values].filter((given) => given !== undefined).length !== 1) {
    throw new AwsError(
      'InvalidParameterCombinationException',
      `The parameters ${at}.Value, ${at}.Values and ${at}.StatisticValues are mutually exclusive and you must specify one.`,
    );
  }
  if (value !== undefined) {
    checkNumber(value, `${at}.Value`);
    return { sum: value, count: 1, min: value, max: value, values: undefined };
  }
  if (set !== undefined) {
    const { SampleCount: count, Sum: sum, Minimum: min, Maximum: max } = set;
    for (const number of [count, sum, min, max]) checkNumber(number, `${at}.StatisticValues`);
    if (count <= 0) throw invalidValue(`The value ${count} for parameter ${at}.StatisticValues.SampleCount must be greater than 0.`);
    if (max < min) throw invalidValue(`The parameter ${at}.StatisticValues.Maximum must be greater than Minimum.`);
    return { sum, count, min, max, values: undefined };
  }
  return ofList(values ?? [], counts, at);
}

function ofList(values: readonly number[], counts: readonly number[] | undefined, at: string): Omit<Datum, 'minute'> {
  if (values.length === 0 || values.length > 150) throw invalidValue(`The collection ${at}.Values must have between 1 and 150 members.`);
  if (counts !== undefined && counts.length !== values.length) {
    throw invalidValue(`The parameters ${at}.Values and ${at}.Counts must be of the same size.`);
  }
  let [sum, count] = [0, 0];
  const pairs: number[] = [];
  values.forEach((value, index) => {
    const times = counts?.[index] ?? 1;
    checkNumber(value, `${at}.Values`);
    if (times <= 0) throw invalidValue(`The value ${times} for parameter ${at}.Counts must be greater than 0.`);
    sum += value * times;
    count += times;
    pairs.push(value, times);
  });
  return { sum, count, min: Math.min(...values), max: Math.max(...values), values: pairs };
}

function checkNumber(value: number, at: string): void {
  if (!Number.isFinite(value)) throw invalidValue(`The value ${value} for parameter ${at} is invalid.`);
  if (Math.abs(value) > LARGEST) throw invalidValue(`The value ${value} for parameter ${at} is out of range.`);
}

function invalidValue(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
