import { TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { MINUTE, refusal } from './clients.ts';
import type { Clients } from './clients.ts';
import { key, TABLE, withTable } from './dynamodb-tables.ts';

const put = (sk: string, n = 0): TransactWriteItem => ({ Put: { TableName: TABLE, Item: { ...key('p', sk), n: { N: String(n) } } } });
const remove = (sk: string, condition?: string): TransactWriteItem => ({
  Delete: { TableName: TABLE, Key: key('p', sk), ...(condition === undefined ? {} : { ConditionExpression: condition }) },
});
const onlyOnce = (sk: string, n = 0): TransactWriteItem => ({
  Put: { TableName: TABLE, Item: { ...key('p', sk), n: { N: String(n) } }, ConditionExpression: 'attribute_not_exists(pk)' },
});
const transact = (clients: Clients, TransactItems: TransactWriteItem[], ClientRequestToken?: string) => {
  const command = ClientRequestToken === undefined ? { TransactItems } : { TransactItems, ClientRequestToken };
  return clients.dynamo.send(new TransactWriteItemsCommand(command));
};
const numbers = (clients: Clients) =>
  Object.fromEntries(clients.aws.inspect.tables.items(TABLE).map((item) => [String(item['sk']?.S), item['n']?.N]));

test('all writes happen together', async () => {
  const clients = await withTable([{ ...key('p', 'a'), n: { N: '1' } }, key('p', 'gone')]);
  await transact(clients, [onlyOnce('b', 5), put('a', 2), remove('gone')]);
  expect(numbers(clients)).toEqual({ a: '2', b: '5' });
});

test('one failed condition stops them all, and every reason is told in its place', async () => {
  const clients = await withTable([{ ...key('p', 'a'), n: { N: '1' } }]);
  await expect(transact(clients, [put('b'), onlyOnce('a'), put('c')])).rejects.toMatchObject({
    name: 'TransactionCanceledException',
    message: 'Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed, None]',
    CancellationReasons: [
      { Code: 'None' },
      { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
      { Code: 'None' },
    ],
  });
  expect(numbers(clients)).toEqual({ a: '1' });
});

test('a failed condition gives the item that won in its place, where it is asked for', async () => {
  const clients = await withTable([{ ...key('p', 'a'), n: { N: '1' } }]);
  const shown = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
  const asking: TransactWriteItem[] = [
    { Put: { TableName: TABLE, Item: key('p', 'a'), ConditionExpression: 'attribute_not_exists(pk)', ...shown } },
    { Delete: { TableName: TABLE, Key: key('p', 'b'), ConditionExpression: 'pk = sk', ...shown } },
  ];
  const failed = { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' };
  const reasons = [{ ...failed, Item: { ...key('p', 'a'), n: { N: '1' } } }, failed];
  await expect(transact(clients, asking)).rejects.toHaveProperty('CancellationReasons', reasons);
});

test('the same token with the same content is done once, for ten minutes', async () => {
  const clients = await withTable();
  await transact(clients, [onlyOnce('a')], 'token-1');
  await transact(clients, [onlyOnce('a')], 'token-1');
  expect(numbers(clients)).toEqual({ a: '0' });
  expect(await refusal(transact(clients, [onlyOnce('b')], 'token-1'))).toContain('IdempotentParameterMismatchException');
  clients.clock.advance(10 * MINUTE);
  expect(await refusal(transact(clients, [onlyOnce('a')], 'token-1'))).toContain('ConditionalCheckFailed');
});

test('the same token with attributes in another order is the same request', async () => {
  const clients = await withTable();
  const item = { ...key('p', 'a'), n: { M: { x: { S: '1' }, y: { L: [{ N: '2' }, { N: '3' }] } } } };
  const turned = { n: { M: { y: { L: [{ N: '2' }, { N: '3' }] }, x: { S: '1' } } }, ...key('p', 'a') };
  const condition = { ConditionExpression: 'attribute_not_exists(pk)' };
  await transact(clients, [{ Put: { TableName: TABLE, Item: item, ...condition } }], 'token-1');
  await transact(clients, [{ Put: { ...condition, Item: turned, TableName: TABLE } }], 'token-1');
  // The order of a list, and that of the entries, is content.
  const other = { ...item, n: { M: { x: { S: '1' }, y: { L: [{ N: '3' }, { N: '2' }] } } } };
  expect(await refusal(transact(clients, [{ Put: { TableName: TABLE, Item: other, ...condition } }], 'token-1'))).toContain('Mismatch');
  await transact(clients, [put('b'), put('c')], 'token-2');
  expect(await refusal(transact(clients, [put('c'), put('b')], 'token-2'))).toContain('Mismatch');
});

const putWith = (more: Partial<NonNullable<TransactWriteItem['Put']>>): TransactWriteItem => ({
  Put: { TableName: TABLE, Item: key('p', 'a'), ...more },
});
test.each<[string, TransactWriteItem]>([
  ['a condition that does not parse', putWith({ ConditionExpression: 'pk =' })],
  ['a value that no expression uses', putWith({ ConditionExpression: 'pk = sk', ExpressionAttributeValues: { ':x': { S: 'x' } } })],
  ['a value that is not defined', putWith({ ConditionExpression: 'pk = :x' })],
  ['no values where there are some', putWith({ ConditionExpression: 'attribute_not_exists(pk)', ExpressionAttributeValues: {} })],
  ['an attribute without a value', putWith({ Item: { ...key('p', 'a'), n: {} as AttributeValue } })],
  ['a number that is none', putWith({ Item: { ...key('p', 'a'), n: { N: 'one' } } })],
  [
    'bounds in the wrong order',
    putWith({ ConditionExpression: 'n BETWEEN :b AND :a', ExpressionAttributeValues: { ':a': { N: '1' }, ':b': { N: '2' } } }),
  ],
])('an entry with %s is malformed, and cancels no transaction', async (_what, entry) => {
  const clients = await withTable();
  const answer = await refusal(transact(clients, [put('b'), entry]));
  expect(answer).toMatch(/^ValidationException: /);
  expect(numbers(clients)).toEqual({});
});

test('a key of another schema is told as the reason of its entry', async () => {
  const clients = await withTable();
  await expect(transact(clients, [put('b'), { Delete: { TableName: TABLE, Key: { pk: { S: 'p' } } } }])).rejects.toMatchObject({
    name: 'TransactionCanceledException',
    CancellationReasons: [{ Code: 'None' }, { Code: 'ValidationError' }],
  });
});

test.each([
  ['result-throttled', 'ThrottlingError'],
  ['result-throughput', 'ProvisionedThroughputExceeded'],
  ['result-conflict', 'TransactionConflict'],
] as const)('with %s it is cancelled, nothing is written, and the same token may come again', async (fault, Code) => {
  const clients = await withTable();
  clients.aws.intercept.inject({ operation: 'TransactWriteItems', fault });
  await expect(transact(clients, [put('a'), put('b')], 'token-1')).rejects.toMatchObject({
    CancellationReasons: [{ Code: 'None' }, { Code }],
  });
  expect(numbers(clients)).toEqual({});
  await transact(clients, [put('a'), put('b')], 'token-1');
  expect(numbers(clients)).toEqual({ a: '0', b: '0' });
});

test.each<[string, TransactWriteItem[], string]>([
  [
    'two operations on one item of which one fails its condition',
    [remove('a', 'pk = sk'), put('a')],
    'ValidationException: Transaction request cannot include multiple operations on one item',
  ],
  ['two operations on one item', [put('a'), remove('a')], 'Transaction request cannot include multiple operations on one item'],
  ['no operation', [], "Value at 'transactItems' failed to satisfy constraint"],
  ['more than 100 operations', Array.from({ length: 101 }, (_, index) => put(`s${index}`)), "Value at 'transactItems' failed"],
  ['an entry with two operations', [{ ...put('a'), ...remove('b') }], 'TransactItems can only contain one of'],
])('a transaction with %s is refused', async (_what, items, expected) => {
  const clients = await withTable();
  expect(await refusal(transact(clients, items))).toContain(expected);
  expect(numbers(clients)).toEqual({});
});

test.each<[string, TransactWriteItem]>([
  ['with ConditionCheck', { ConditionCheck: { TableName: TABLE, Key: key('p', 'a'), ConditionExpression: 'pk = sk' } }],
  ['with Update', { Update: { TableName: TABLE, Key: key('p', 'a'), UpdateExpression: 'REMOVE n' } }],
])('a transaction %s is not offered', async (what, entry) => {
  const clients = await withTable();
  expect(await refusal(transact(clients, [put('b'), entry]))).toBe(
    `LocalAwsNotOffered: The local AWS does not offer dynamodb:TransactWriteItems ${what}`,
  );
  expect(numbers(clients)).toEqual({});
});
