import { CreateTableCommand, GetItemCommand, PutItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateQuery, PutCommand, QueryCommand as DocumentQuery } from '@aws-sdk/lib-dynamodb';
import { describe, expect, test } from 'vitest';
import { MINUTE, refusal } from './clients.ts';
import type { Clients } from './clients.ts';
import { key, TABLE, withTable } from './dynamodb-tables.ts';
import type { Item } from './dynamodb-tables.ts';

const TEN: readonly Item[] = Array.from({ length: 10 }, (_, index) => ({ ...key('p', `k${index}`), n: { N: String(index) } }));
const query = async (clients: Clients, more: Partial<QueryCommandInput> = {}, condition = 'pk = :p', values: Item = {}) => {
  const answer = await clients.dynamo.send(
    new QueryCommand({
      TableName: TABLE,
      KeyConditionExpression: condition,
      ExpressionAttributeValues: { ':p': { S: 'p' }, ...values },
      ...more,
    }),
  );
  return { sks: answer.Items?.map((item) => item['sk']?.S), last: answer.LastEvaluatedKey, answer };
};

describe('Query', () => {
  test('gives one partition in the order of its sort key, by UTF-8 bytes', async () => {
    const clients = await withTable([...TEN].reverse().concat([key('q', 'k5')]));
    expect((await query(clients)).sks).toEqual(TEN.map((item) => item['sk']?.S));
    const texts = await withTable(['\u{1F600}', '\uFF5E', 'b', 'B'].map((text) => key('p', text)));
    expect((await query(texts)).sks).toEqual(['B', 'b', '\uFF5E', '\u{1F600}']);
  });

  test.each<[string, Item, string[]]>([
    ['pk = :p AND sk = :a', { ':a': { S: 'k3' } }, ['k3']],
    ['pk = :p AND sk < :a', { ':a': { S: 'k2' } }, ['k0', 'k1']],
    ['pk = :p AND sk >= :a', { ':a': { S: 'k8' } }, ['k8', 'k9']],
    ['sk BETWEEN :a AND :b AND pk = :p', { ':a': { S: 'k3' }, ':b': { S: 'k5' } }, ['k3', 'k4', 'k5']],
    ['(pk = :p) AND sk > :a', { ':a': { S: 'k8' } }, ['k9']],
  ])('reads the key condition %s', async (condition, values, expected) => {
    const clients = await withTable(TEN);
    expect((await query(clients, {}, condition, values)).sks).toEqual(expected);
  });

  test.each<[string, Item, string]>([
    ['sk = :p', {}, 'Query condition missed key schema element: pk'],
    ['pk > :p', {}, 'Query key condition not supported'],
    ['pk = :p AND sk > :a AND sk < :a', { ':a': { S: 'x' } }, 'Query key condition not supported'],
    ['pk = :p AND n = :a', { ':a': { S: 'x' } }, 'Query key condition not supported'],
    ['pk = :p AND sk = :a', { ':a': { N: '3' } }, 'Condition parameter type does not match schema type'],
    ['pk = :p OR pk = :a', { ':a': { S: 'x' } }, 'Query condition missed key schema element: pk'],
  ])('refuses the key condition %s', async (condition, values, expected) => {
    const clients = await withTable(TEN);
    expect(await refusal(query(clients, {}, condition, values))).toContain(expected);
  });

  const upside = 'The BETWEEN operator requires upper bound to be greater than or equal to lower bound';
  test.each<[string, Partial<QueryCommandInput>, string, Item, string]>([
    [
      'bounds in the wrong order',
      {},
      'pk = :p AND sk BETWEEN :b AND :a',
      { ':a': { S: 'k1' }, ':b': { S: 'k2' } },
      `ValidationException: Invalid KeyConditionExpression: ${upside}; lower bound operand: AttributeValue: {S:k2}, upper bound operand: AttributeValue: {S:k1}`,
    ],
    [
      'bounds of two types',
      {},
      'pk = :p AND sk BETWEEN :a AND :b',
      { ':a': { S: 'k1' }, ':b': { N: '2' } },
      'The BETWEEN operator requires same data type for lower and upper bounds',
    ],
    [
      'a placeholder that is none',
      {},
      'pk = :p',
      { p: { S: 'p' } },
      'ExpressionAttributeValues contains invalid key: Syntax error; key: "p"',
    ],
    ['no names where there are some', { ExpressionAttributeNames: {} }, 'pk = :p', {}, 'ExpressionAttributeNames must not be empty'],
    ['a partition key of 2,049 bytes', {}, 'pk = :p', { ':p': { S: 'x'.repeat(2049) } }, 'maximum size limit of2048 bytes'],
  ])('refuses %s', async (_what, more, condition, values, expected) => {
    const clients = await withTable(TEN);
    expect(await refusal(query(clients, more, condition, values))).toContain(expected);
  });

  test('bounds that are equal hold one key, and no values at all are refused', async () => {
    const clients = await withTable(TEN);
    const values = { ':a': { S: 'k3' } };
    expect((await query(clients, {}, 'pk = :p AND sk BETWEEN :a AND :a', values)).sks).toEqual(['k3']);
    const bare = { TableName: TABLE, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: {} };
    expect(await refusal(clients.dynamo.send(new QueryCommand(bare)))).toBe(
      'ValidationException: ExpressionAttributeValues must not be empty',
    );
  });

  test('a key has 2,048 bytes at the most, and a sort key 1,024', async () => {
    const clients = await withTable();
    const put = (pk: string, sk: string) => clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item: key(pk, sk) }));
    const get = (pk: string, sk: string) => clients.dynamo.send(new GetItemCommand({ TableName: TABLE, Key: key(pk, sk) }));
    const [pk, sk] = ['é'.repeat(1024), 'é'.repeat(512)];
    await put(pk, sk);
    expect((await get(pk, sk)).Item).toEqual(key(pk, sk));
    for (const call of [put, get]) {
      expect(await refusal(call(`${pk}x`, sk))).toContain('Size of hashkey has exceeded the maximum size limit of2048 bytes');
      expect(await refusal(call(pk, `${sk}x`))).toContain('Aggregated size of all range keys has exceeded the size limit of 1024 bytes');
    }
  });

  test('goes on from a key that is gone by now', async () => {
    const clients = await withTable(TEN);
    expect((await query(clients, { ExclusiveStartKey: key('p', 'k7x') })).sks).toEqual(['k8', 'k9']);
    expect(await refusal(query(clients, { ExclusiveStartKey: key('q', 'k7') }))).toContain('starting key is outside query boundaries');
  });

  test('a page ends after one megabyte', async () => {
    const clients = await withTable(Array.from({ length: 6 }, (_, i) => ({ ...key('p', `k${i}`), big: { S: 'x'.repeat(300_000) } })));
    const first = await query(clients);
    expect(first.sks).toEqual(['k0', 'k1', 'k2', 'k3']);
    expect((await query(clients, { ExclusiveStartKey: first.last })).sks).toEqual(['k4', 'k5']);
  });

  test.each<[string, Partial<QueryCommandInput>]>([
    ['FilterExpression', { FilterExpression: 'n = :p' }],
    ['ProjectionExpression', { ProjectionExpression: 'n' }],
    ['IndexName', { IndexName: 'gsi1' }],
    ['Limit', { Limit: 5 }],
    ['ScanIndexForward', { ScanIndexForward: false }],
    ['Select', { Select: 'COUNT' }],
    ['KeyConditions', { KeyConditions: {} }],
  ])('%s is not offered', async (parameter, more) => {
    const clients = await withTable(TEN);
    expect(await refusal(query(clients, more))).toBe(`LocalAwsNotOffered: The local AWS does not offer dynamodb:Query: ${parameter}`);
  });
});

test('the paginator reads page after page', async () => {
  const clients = await withTable(Array.from({ length: 9 }, (_, i) => ({ ...key('p', `k${i}`), big: { S: 'x'.repeat(300_000) } })));
  const ask = { TableName: TABLE, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': 'p' } };
  const sizes: (number | undefined)[] = [];
  for await (const page of paginateQuery({ client: DynamoDBDocumentClient.from(clients.dynamo) }, ask)) sizes.push(page.Items?.length);
  expect(sizes).toEqual([4, 4, 1]);
});

test('the document client writes and reads plain objects', async () => {
  const clients = await withTable();
  const documents = DynamoDBDocumentClient.from(clients.dynamo);
  const item = { pk: 'p', sk: 's', n: 1.5, list: [1, 'two', { three: true }], none: null };
  await documents.send(new PutCommand({ TableName: TABLE, Item: item }));
  const { Items: items } = await documents.send(
    new DocumentQuery({ TableName: TABLE, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': 'p' } }),
  );
  expect(items).toEqual([item]);
});

test('only an eventually consistent read can be stale, and only for a while', async () => {
  const clients = await withTable([{ ...key('p', 's'), n: { N: '1' } }]);
  clients.clock.advance(10 * MINUTE);
  await clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item: { ...key('p', 's'), n: { N: '2' } } }));
  await clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item: key('p', 'new') }));
  const get = async (ConsistentRead: boolean) =>
    (await clients.dynamo.send(new GetItemCommand({ TableName: TABLE, Key: key('p', 's'), ConsistentRead }))).Item?.['n']?.N;
  clients.aws.intercept.inject({ service: 'dynamodb', fault: 'stale', times: 5 });
  expect(await get(false)).toBe('1');
  expect(await get(true)).toBe('2');
  expect((await query(clients)).sks).toEqual(['s']);
  expect((await query(clients, { ConsistentRead: true })).sks).toEqual(['new', 's']);
  clients.clock.advance(2 * MINUTE);
  expect(await get(false)).toBe('2');
});

test('a table is not made twice, and has two texts for keys', async () => {
  const clients = await withTable();
  const create = (TableName: string, sortType: 'S' | 'N') =>
    refusal(
      clients.dynamo.send(
        new CreateTableCommand({
          TableName,
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'sk', AttributeType: sortType },
          ],
          BillingMode: 'PAY_PER_REQUEST',
        }),
      ),
    );
  expect(await create(TABLE, 'S')).toBe(`ResourceInUseException: Table already exists: ${TABLE}`);
  expect(await create('numbers', 'N')).toContain('does not offer tables without a partition key and a sort key of the type S');
  expect(await refusal(clients.dynamo.send(new ScanCommand({ TableName: TABLE })))).toContain('The local AWS does not offer dynamodb:Scan');
});
