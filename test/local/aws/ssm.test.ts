import {
  DeleteParameterCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  paginateGetParametersByPath,
  PutParameterCommand,
} from '@aws-sdk/client-ssm';
import type { PutParameterCommandInput } from '@aws-sdk/client-ssm';
import { expect, test } from 'vitest';
import { aws, refusal } from './clients.ts';
import type { Clients } from './clients.ts';

const put = (clients: Clients, Name: string, Value: string, more: Partial<PutParameterCommandInput> = {}) =>
  clients.ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', ...more }));
const get = async (clients: Clients, Name: string) => (await clients.ssm.send(new GetParameterCommand({ Name }))).Parameter;

test('a parameter is read as it was written, and its version counts its writes', async () => {
  const clients = await aws();
  expect((await put(clients, '/guard/a', 'one')).Version).toBe(1);
  expect((await put(clients, '/guard/a', 'two', { Overwrite: true })).Version).toBe(2);
  expect(await get(clients, '/guard/a')).toMatchObject({
    Name: '/guard/a',
    Value: 'two',
    Version: 2,
    ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/guard/a',
    LastModifiedDate: new Date(clients.clock.now()),
  });
  expect((await get(clients, 'arn:aws:ssm:us-east-1:000000000000:parameter/guard/a'))?.Value).toBe('two');
  await clients.ssm.send(new DeleteParameterCommand({ Name: '/guard/a' }));
  expect(await refusal(get(clients, '/guard/a'))).toContain('ParameterNotFound');
});

test('a path is read ten at a time, with or without what lies deeper', async () => {
  const clients = await aws();
  for (let index = 0; index < 23; index += 1) await put(clients, `/guard/state/p${String(index).padStart(2, '0')}`, String(index));
  await put(clients, '/guard/state/deeper/x', 'deep');
  await put(clients, '/guard/statement', 'beside');
  const sizes: number[] = [];
  const values: (string | undefined)[] = [];
  for await (const page of paginateGetParametersByPath({ client: clients.ssm }, { Path: '/guard/state' })) {
    sizes.push(page.Parameters?.length ?? 0);
    values.push(...(page.Parameters ?? []).map((parameter) => parameter.Value));
  }
  expect(sizes).toEqual([10, 10, 3]);
  expect(values).toEqual(Array.from({ length: 23 }, (_, index) => String(index)));
  const deep = await clients.ssm.send(new GetParametersByPathCommand({ Path: '/guard/state', Recursive: true, MaxResults: 1 }));
  expect(deep.Parameters?.map((parameter) => parameter.Name)).toEqual(['/guard/state/deeper/x']);
});

test('several parameters are read at once, and the missing are named', async () => {
  const clients = await aws();
  await put(clients, '/a', '1');
  const { Parameters: found, InvalidParameters: invalid } = await clients.ssm.send(new GetParametersCommand({ Names: ['/a', '/b'] }));
  expect([found?.map((parameter) => parameter.Name), invalid]).toEqual([['/a'], ['/b']]);
  const Names = Array.from({ length: 11 }, (_, index) => `/p${index}`);
  expect(await refusal(clients.ssm.send(new GetParametersCommand({ Names })))).toContain('length less than or equal to 10');
});

test.each<[string, Partial<PutParameterCommandInput>, string]>([
  ['a parameter that exists', {}, 'ParameterAlreadyExists: The parameter already exists.'],
  ['more than 4 KB', { Name: '/big', Value: 'x'.repeat(4097) }, 'maximum parameter value of 4096 characters'],
  ['a SecureString', { Name: '/secret', Type: 'SecureString' }, 'no SecureString'],
  ['no type', { Name: '/untyped', Type: undefined }, 'A parameter type is required'],
  ['a name of its own', { Name: '/aws/x' }, "can't be prefixed with"],
])('writing %s is refused', async (_what, input, expected) => {
  const clients = await aws();
  await put(clients, '/there', 'old');
  expect(await refusal(clients.ssm.send(new PutParameterCommand({ Name: '/there', Value: 'new', Type: 'String', ...input })))).toContain(
    expected,
  );
  expect(clients.aws.inspect.parameters.values()).toEqual({ '/there': 'old' });
});

test('a stale read answers with the value before the last write', async () => {
  const clients = await aws();
  await put(clients, '/a', 'old');
  await put(clients, '/a', 'new', { Overwrite: true });
  clients.aws.intercept.inject({ service: 'ssm', fault: 'stale' });
  expect((await get(clients, '/a'))?.Value).toBe('old');
  expect((await get(clients, '/a'))?.Value).toBe('new');
});
