import type { MetricDatum, PutMetricDataInput } from '@aws-sdk/client-cloudwatch';
import { AwsError, refuseOthers } from '../service.ts';
import type { Checked } from '../service.ts';
import { metricName } from './metrics.ts';
import type { Datum } from './metrics.ts';

const HOUR_MS = 3_600_000;
const LARGEST = 2 ** 360;

/** Checks a PutMetricData call as AWS does; one bad datum refuses the whole call. Of the ways to give values, `Value` is offered. */
export function readPut(input: Checked<PutMetricDataInput>, now: number): readonly Datum[] {
  const { Namespace: namespace, MetricData: data = [] } = input;
  if (namespace.length === 0 || namespace.length > 255)
    throw invalidValue('The parameter Namespace must be between 1 and 255 characters long.');
  if (namespace.startsWith('AWS/')) throw invalidValue('The value AWS/ for parameter Namespace is invalid.');
  if (data.length === 0) throw new AwsError('MissingRequiredParameterException', 'The parameter MetricData is required.');
  if (data.length > 1000) throw invalidValue('The collection MetricData must not have a size greater than 1000.');
  return data.map((datum, index) => {
    const at = `MetricData.member.${index + 1}`;
    refuseOthers(datum, ['MetricName', 'Dimensions', 'Timestamp', 'Unit', 'Value'], `cloudwatch:PutMetricData ${at}`);
    if ((datum.Dimensions?.length ?? 0) > 30) throw invalidValue(`The collection ${at}.Dimensions must not have a size greater than 30.`);
    for (const dimension of datum.Dimensions ?? []) {
      if (dimension.Value === '') throw invalidValue(`The parameter ${at}.Dimensions.member.Value must not be empty.`);
    }
    return {
      metric: metricName(namespace, datum.MetricName, datum.Dimensions),
      unit: datum.Unit ?? 'None',
      minute: minuteOf(datum, at, now),
      value: valueOf(datum, at),
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

function valueOf({ Value: value }: Checked<MetricDatum>, at: string): number {
  if (value === undefined) {
    throw new AwsError(
      'InvalidParameterCombinationException',
      `The parameters ${at}.Value, ${at}.Values and ${at}.StatisticValues are mutually exclusive and you must specify one.`,
    );
  }
  if (!Number.isFinite(value)) throw invalidValue(`The value ${value} for parameter ${at}.Value is invalid.`);
  if (Math.abs(value) > LARGEST) throw invalidValue(`The value ${value} for parameter ${at}.Value is out of range.`);
  return value;
}

function invalidValue(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
