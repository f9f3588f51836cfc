import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { expect, test } from 'vitest';
import { metricSink } from '../../../../lambda/adapters/aws/metrics.ts';
import { Unavailable } from '../../../../lambda/foundation/errors.ts';
import { NotAccepted, type Datum } from '../../../../lambda/usage/ports.ts';

/** A CloudWatch whose second call ends so. */
function failingSecond(name: string, status: number | undefined): CloudWatchClient {
  let calls = 0;
  const send = async (): Promise<object> => {
    calls += 1;
    if (calls === 1) return {};
    throw Object.assign(new Error(name), { name, $metadata: status === undefined ? {} : { httpStatusCode: status } });
  };
  return { send } as unknown as CloudWatchClient;
}

const data = Array.from({ length: 1500 }, (_, minute): Datum => ({ subject: 'production', metric: 'inputTokens', minute, value: 1 }));

async function end(name: string, status: number | undefined): Promise<unknown> {
  const client = failingSecond(name, status);
  return metricSink(client, client, 'keyguard')
    .put(data)
    .catch((error: unknown) => error);
}

test.each([
  ['InvalidParameterValueException', 400],
  ['AccessDenied', 403],
  ['ThrottlingException', 400],
  ['TooManyRequestsException', 429],
  ['ServiceUnavailable', 503],
  ['ServiceUnavailableException', 503],
])('%s with %i is a refusal, and it is known how many data were taken before', async (name, status) => {
  const error = await end(name, status);
  expect(error).toBeInstanceOf(NotAccepted);
  expect(error).toMatchObject({ accepted: 1000 });
});

test.each([
  ['InternalServiceFault', 500],
  ['Unknown', 503],
  ['Unknown', 502],
  ['RequestTimeout', 408],
  ['TimeoutError', undefined],
  ['ECONNRESET', undefined],
])('what became of a put that ends with %s, %s, nobody knows', async (name, status) => {
  expect(await end(name, status)).toBeInstanceOf(Unavailable);
});
