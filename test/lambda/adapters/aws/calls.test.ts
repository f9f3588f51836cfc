import { expect, test } from 'vitest';
import { awsCall, awsPages } from '../../../../lambda/adapters/aws/calls.ts';
import { Unavailable } from '../../../../lambda/foundation/errors.ts';

/** An error as an SDK client throws it: `status` 0 stands for no answer at all. */
const sdkError = (name: string, status: number, more: object = {}): Error =>
  Object.assign(new Error('words of AWS'), { name, ...(status === 0 ? {} : { $metadata: { httpStatusCode: status } }), ...more });
const ours = (error: Error): Promise<unknown> => awsCall('s3:Do', () => Promise.reject(error)).catch((thrown: unknown) => thrown);

test.each<[string, number, object?]>([
  ['ThrottlingException', 400],
  ['RequestThrottled', 400],
  ['ProvisionedThroughputExceededException', 400],
  ['KMSThrottlingException', 400],
  ['TransactionConflictException', 400],
  ['TooManyRequestsException', 429],
  ['InternalServerError', 500],
  ['ServiceUnavailable', 503],
  ['TimeoutError', 0],
  ['Error', 0, { code: 'ECONNREFUSED' }],
  // A body that was cut: its head was received.
  ['Error', 200, { code: 'ECONNRESET' }],
  ['TimeoutError', 200],
])('%s with %i %j passes by itself', async (name, status, more) => {
  expect(await ours(sdkError(name, status, more))).toBeInstanceOf(Unavailable);
});

test.each(['AccessDeniedException', 'ValidationException', 'ResourceNotFoundException'])('%s does not', async (name) => {
  const error = await ours(sdkError(name, 400));
  expect(error).not.toBeInstanceOf(Unavailable);
  expect(error).toMatchObject({ code: 'aws-refused', message: expect.not.stringContaining('words of AWS') as unknown });
});

test('pages are read to their end, or not at all', async () => {
  const pages = async function* (error?: Error) {
    yield 1;
    if (error !== undefined) throw error;
    yield 2;
  };
  expect(await awsPages('s3:List', pages())).toEqual([1, 2]);
  await expect(awsPages('s3:List', pages(sdkError('SlowDown', 503)))).rejects.toThrow('s3:List did not succeed: SlowDown');
});
