import { GetFunctionConfigurationCommand, GetPolicyCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import type { InvokeCommandInput, InvokeCommandOutput } from '@aws-sdk/client-lambda';
import { CreateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../local/aws/intercept.ts';
import { aws, MINUTE, refusal } from './clients.ts';
import type { Clients } from './clients.ts';

const FUNCTION = 'retire-keys';

/** A function that notes its events and answers with them. */
async function withFunction(): Promise<Clients & { readonly arn: string; readonly events: unknown[] }> {
  const clients = await aws();
  const events: unknown[] = [];
  const arn = clients.aws.functions.register(FUNCTION, async (event) => {
    events.push(event);
    return { got: event };
  });
  return { ...clients, arn, events };
}
const invoke = ({ lambda }: Clients, event?: object, more: Partial<InvokeCommandInput> = {}): Promise<InvokeCommandOutput> =>
  lambda.send(new InvokeCommand({ FunctionName: FUNCTION, ...(event === undefined ? {} : { Payload: JSON.stringify(event) }), ...more }));
const payloadOf = (answer: InvokeCommandOutput): unknown => JSON.parse(answer.Payload?.transformToString() ?? '');

describe('Invoke', () => {
  test.each([['name'], ['ARN']])('runs the function by its %s and answers what it answers', async (by) => {
    const clients = await withFunction();
    const answer = await invoke(clients, { key: 'production' }, { FunctionName: by === 'ARN' ? clients.arn : FUNCTION });
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
    expect(answer.FunctionError).toBeUndefined();
    expect(payloadOf(answer)).toEqual({ got: { key: 'production' } });
    expect(clients.aws.functions.invocations(FUNCTION)).toEqual([{ at: clients.clock.now(), kind: 'invoke:RequestResponse', ok: true }]);
  });

  test('has run the function when it answers, without a settle, and the function may call AWS meanwhile', async () => {
    const clients = await withFunction();
    clients.aws.functions.register(FUNCTION, async () => {
      await clients.secrets.send(new CreateSecretCommand({ Name: 'made-by-function' }));
    });
    expect(payloadOf(await invoke(clients, {}))).toBeNull();
    expect(clients.aws.inspect.secrets.names()).toEqual(['made-by-function']);
  });

  test('without a payload hands over an empty event', async () => {
    const clients = await withFunction();
    await invoke(clients);
    expect(clients.events).toEqual([{}]);
  });

  test('answers 200 for a function that threw, and says so beside the payload', async () => {
    const clients = await withFunction();
    clients.aws.functions.register(FUNCTION, async () => {
      throw new RangeError('no standby key');
    });
    const answer = await invoke(clients, {});
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(payloadOf(answer)).toMatchObject({ errorType: 'RangeError', errorMessage: 'no standby key' });
    expect(clients.aws.functions.invocations(FUNCTION)).toMatchObject([{ ok: false, errorMessage: 'no standby key' }]);
  });

  test('of type Event answers 202 at once; the function runs at the next settle and is tried again', async () => {
    const clients = await withFunction();
    let failures = 1;
    clients.aws.functions.register(FUNCTION, async (event) => {
      clients.events.push(event);
      failures -= 1;
      if (failures >= 0) throw new Error('not yet');
    });
    const answer = await invoke(clients, { n: 1 }, { InvocationType: 'Event' });
    expect(answer.StatusCode).toBe(202);
    expect(answer.Payload?.byteLength ?? 0).toBe(0);
    expect(clients.events).toEqual([]);
    await clients.aws.settle();
    clients.clock.advance(MINUTE);
    await clients.aws.settle();
    expect(clients.events).toEqual([{ n: 1 }, { n: 1 }]);
    expect(clients.aws.functions.invocations(FUNCTION).map(({ kind, ok }) => [kind, ok])).toEqual([
      ['invoke:Event', false],
      ['invoke:Event', true],
    ]);
  });

  test('of type DryRun answers 204 and runs nothing', async () => {
    const clients = await withFunction();
    expect((await invoke(clients, {}, { InvocationType: 'DryRun' })).StatusCode).toBe(204);
    await clients.aws.settle();
    expect(clients.events).toEqual([]);
  });

  test.each([['RequestResponse'], ['Event'], ['DryRun']] as const)('of type %s refuses a function that does not exist', async (type) => {
    const clients = await withFunction();
    await expect(invoke(clients, {}, { FunctionName: 'gone', InvocationType: type })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:gone',
      Type: 'User',
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('refuses a payload that is no JSON, without a word of it', async () => {
    const clients = await withFunction();
    expect(await refusal(invoke(clients, undefined, { Payload: Buffer.from('burning-value') }))).toBe(
      'InvalidRequestContentException: Could not parse request body into json',
    );
  });
});

describe('a function shown', () => {
  test.each([['name'], ['ARN']])(
    'by its %s has a role of its own, is active, and its policy names the services that may call it',
    async (by) => {
      const { aws: world, lambda } = await aws();
      const arn = world.functions.register(FUNCTION, () => Promise.resolve(), { invokedBy: ['secretsmanager.amazonaws.com'] });
      const FunctionName = by === 'ARN' ? arn : FUNCTION;
      expect(await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).toMatchObject({
        FunctionName: FUNCTION,
        FunctionArn: arn,
        Role: `arn:aws:iam::000000000000:role/${FUNCTION}`,
        State: 'Active',
        LastUpdateStatus: 'Successful',
      });
      const { Policy = '' } = await lambda.send(new GetPolicyCommand({ FunctionName }));
      expect(JSON.parse(Policy)).toMatchObject({
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'secretsmanager.amazonaws.com' }, Action: 'lambda:InvokeFunction', Resource: arn },
        ],
      });
    },
  );

  test('without a policy, or not at all, is not found', async () => {
    const { lambda } = await withFunction();
    const refused = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } };
    await expect(lambda.send(new GetPolicyCommand({ FunctionName: FUNCTION }))).rejects.toMatchObject(refused);
    await expect(lambda.send(new GetPolicyCommand({ FunctionName: 'gone' }))).rejects.toMatchObject(refused);
    await expect(lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'gone' }))).rejects.toMatchObject(refused);
  });
});

describe('the interceptor', () => {
  test('sees Invoke around the calls of the function, in hook and log', async () => {
    const clients = await withFunction();
    clients.aws.functions.register(FUNCTION, async () => clients.secrets.send(new CreateSecretCommand({ Name: 'key' })));
    const seen: string[] = [];
    clients.aws.intercept.onCall(({ number, service, operation, phase }) => {
      seen.push(`${number} ${service}:${operation} ${phase}`);
      return undefined;
    });
    await invoke(clients, {});
    expect(seen).toEqual([
      '1 lambda:Invoke before',
      '2 secretsmanager:CreateSecret before',
      '2 secretsmanager:CreateSecret after',
      '1 lambda:Invoke after',
    ]);
    const at = clients.clock.now();
    expect(clients.aws.intercept.calls()).toEqual([
      { number: 2, service: 'secretsmanager', operation: 'CreateSecret', at, status: 200 },
      { number: 1, service: 'lambda', operation: 'Invoke', at, status: 200 },
    ]);
  });

  test.each<[Fault, number, string]>([
    ['throttle', 429, 'TooManyRequestsException'],
    ['error500', 500, 'ServiceException'],
  ])('%s: nothing runs, and the answer is %i %s', async (fault, status, name) => {
    const clients = await withFunction();
    clients.aws.intercept.inject({ service: 'lambda', operation: 'Invoke', fault });
    await expect(invoke(clients, {})).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
    expect(clients.events).toEqual([]);
    await invoke(clients, {});
    expect(clients.events).toHaveLength(1);
  });

  test.each<[Fault, number]>([
    ['drop-before', 0],
    ['drop-after', 1],
    ['hang-before', 0],
    ['hang-after', 1],
  ])('%s: the caller hears nothing, and the function ran %i times', async (fault, runs) => {
    const clients = await withFunction();
    clients.aws.intercept.inject({ operation: 'Invoke', fault });
    const call = refusal(invoke(clients, {}));
    await expect.poll(() => clients.aws.intercept.calls().length).toBe(1);
    expect(clients.events).toHaveLength(runs);
    if (fault.startsWith('hang')) await clients.aws.stop();
    expect(await call).not.toBe('the call was not refused');
  });
});
