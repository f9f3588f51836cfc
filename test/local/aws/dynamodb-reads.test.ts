import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan, PutCommand, QueryCommand as DocumentQuery } from '@aws-sdk/lib-dynamodb';
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
  return { sks: answer.Items?.map((item) => item['sk']?.S ?? item['sk']?.N), last: answer.LastEvaluatedKey, answer };
};

describe('Query', () => {
  test('gives one partition in the order of its sort key, either way round', async () => {
    const clients = await withTable([...TEN].reverse().concat([key('q', 'k5')]));
    const forward = TEN.map((item) => item['sk']?.S);
    expect((await query(clients)).sks).toEqual(forward);
    expect((await query(clients, { ScanIndexForward: false })).sks).toEqual(forward.reverse());
  });

  test('sorts numbers by value and text by its UTF-8 bytes', async () => {
    const numbers = await withTable(
      [10, 9, -1, 100].map((n) => ({ pk: { S: 'p' }, sk: { N: String(n) } })),
      {},
      'N',
    );
    expect((await query(numbers)).sks).toEqual(['-1', '9', '10', '100']);
    const texts = await withTable(['\u{1F600}', '\uFF5E', 'b', 'B'].map((text) => key('p', text)));
    expect((await query(texts)).sks).toEqual(['B', 'b', '\uFF5E', '\u{1F600}']);
  });

  test.each<[string, Item, string[]]>([
    ['pk = :p AND sk = :a', { ':a': { S: 'k3' } }, ['k3']],
    ['pk = :p AND sk < :a', { ':a': { S: 'k2' } }, ['k0', 'k1']],
    ['pk = :p AND sk >= :a', { ':a': { S: 'k8' } }, ['k8', 'k9']],
    ['sk BETWEEN :a AND :b AND pk = :p', { ':a': { S: 'k3' }, ':b': { S: 'k5' } }, ['k3', 'k4', 'k5']],
    ['(pk = :p) AND begins_with(sk, :a)', { ':a': { S: 'k7' } }, ['k7']],
  ])('reads the key condition %s', async (condition, values, expected) => {
    const clients = await withTable(TEN);
    expect((await query(clients, {}, condition, values)).sks).toEqual(expected);
  });

  test.each<[string, Item, string]>([
    ['sk = :p', {}, 'Query condition missed key schema element: pk'],
    ['pk > :p', {}, 'Query key condition not supported'],
    ['pk = :p AND sk <> :a', { ':a': { S: 'x' } }, 'Query key condition not supported'],
    ['pk = :p AND n = :a', { ':a': { S: 'x' } }, 'Query key condition not supported'],
    ['pk = :p AND sk = :a', { ':a': { N: '3' } }, 'Condition parameter type does not match schema type'],
    ['pk = :p AND begins_with(sk, :a)', { ':a': { B: new Uint8Array([1]) } }, 'Condition parameter type does not match schema type'],
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
      'a filter with bounds in the wrong order',
      { FilterExpression: 'NOT (n BETWEEN :b AND :a)' },
      'pk = :p',
      { ':a': { N: '9' }, ':b': { N: '10' } },
      `Invalid FilterExpression: ${upside}`,
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

  test('pages by limit; the last full page still has a key, as on AWS', async () => {
    const clients = await withTable(TEN);
    const pages: (readonly (string | undefined)[] | undefined)[] = [];
    let start: Item | undefined;
    do {
      const page = await query(clients, { Limit: 5, ...(start === undefined ? {} : { ExclusiveStartKey: start }) });
      pages.push(page.sks);
      start = page.last;
    } while (start !== undefined);
    expect(pages).toEqual([['k0', 'k1', 'k2', 'k3', 'k4'], ['k5', 'k6', 'k7', 'k8', 'k9'], []]);
  });

  test('goes on from a key that is gone by now, and backwards too', async () => {
    const clients = await withTable(TEN);
    const start = { ExclusiveStartKey: key('p', 'k4x') };
    expect((await query(clients, { ...start, Limit: 2 })).sks).toEqual(['k5', 'k6']);
    expect((await query(clients, { ...start, Limit: 2, ScanIndexForward: false })).sks).toEqual(['k4', 'k3']);
  });

  test('the limit counts what was read, not what the filter left', async () => {
    const clients = await withTable(TEN);
    const filtered = { FilterExpression: 'n >= :n', Limit: 5 };
    const { answer } = await query(clients, filtered, 'pk = :p', { ':n': { N: '3' } });
    expect([answer.Count, answer.ScannedCount, answer.LastEvaluatedKey]).toEqual([2, 5, key('p', 'k4')]);
  });

  test('a page ends after one megabyte', async () => {
    const clients = await withTable(Array.from({ length: 6 }, (_, i) => ({ ...key('p', `k${i}`), big: { S: 'x'.repeat(300_000) } })));
    const first = await query(clients);
    expect(first.sks).toEqual(['k0', 'k1', 'k2', 'k3']);
    expect((await query(clients, { ExclusiveStartKey: first.last })).sks).toEqual(['k4', 'k5']);
  });

  test('a filter on a key attribute is refused, also behind an alias', async () => {
    const clients = await withTable(TEN);
    const expected = 'Filter Expression can only contain non-primary key attributes: Primary key attribute: sk';
    expect(await refusal(query(clients, { FilterExpression: 'sk = :p' }))).toContain(expected);
    expect(await refusal(query(clients, { FilterExpression: '#k = :p', ExpressionAttributeNames: { '#k': 'sk' } }))).toContain(expected);
  });

  test('projections reach into documents, and COUNT gives no items', async () => {
    const clients = await withTable([
      { ...key('p', 's'), doc: { M: { a: { N: '1' }, b: { L: [{ S: 'x' }, { S: 'y' }] } } }, c: { S: 'z' } },
    ]);
    const { answer } = await query(clients, { ProjectionExpression: 'sk, doc.b[1], #c, gone', ExpressionAttributeNames: { '#c': 'c' } });
    expect(answer.Items).toEqual([{ sk: { S: 's' }, doc: { M: { b: { L: [{ S: 'y' }] } } }, c: { S: 'z' } }]);
    const counted = await query(clients, { Select: 'COUNT' });
    expect([counted.answer.Count, counted.answer.Items]).toEqual([1, undefined]);
  });
});

test('a scan meets every item once, however small its pages', async () => {
  const items = Array.from({ length: 30 }, (_, index) => key(`p${index % 7}`, `s${index}`));
  const clients = await withTable(items);
  const documents = DynamoDBDocumentClient.from(clients.dynamo);
  const seen: unknown[] = [];
  for await (const page of paginateScan({ client: documents, pageSize: 4 }, { TableName: TABLE })) {
    expect(page.Items?.length).toBeLessThanOrEqual(4);
    seen.push(...(page.Items ?? []).map((item) => item['sk'] as unknown));
  }
  expect([...seen].sort()).toEqual(items.map((item) => item['sk']?.S).sort());
});

test('the document client writes and reads plain objects', async () => {
  const clients = await withTable();
  const documents = DynamoDBDocumentClient.from(clients.dynamo);
  const item = { pk: 'p', sk: 's', n: 1.5, list: [1, 'two', { three: true }], set: new Set(['a']), none: null, bytes: new Uint8Array([7]) };
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

test('an item is gone once its time to live has passed, or as late as the world is told', async () => {
  for (const delayMs of [0, 60 * MINUTE]) {
    const clients = await withTable([], { timeToLiveDelayMs: delayMs });
    const specification = { AttributeName: 'expiresAt', Enabled: true };
    await clients.dynamo.send(new UpdateTimeToLiveCommand({ TableName: TABLE, TimeToLiveSpecification: specification }));
    const expiresAt = { N: String(clients.clock.now() / 1000 + 60) };
    for (const item of [
      { ...key('p', 'a'), expiresAt },
      { ...key('p', 'b'), expiresAt: { S: 'never' } },
    ]) {
      await clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item: item }));
    }
    clients.clock.advance(MINUTE + delayMs);
    expect((await query(clients)).sks).toEqual(['a', 'b']);
    clients.clock.advance(1000);
    expect((await query(clients)).sks).toEqual(['b']);
    // For a condition it is as if it had never been.
    await clients.dynamo.send(
      new PutItemCommand({ TableName: TABLE, Item: key('p', 'a'), ConditionExpression: 'attribute_not_exists(pk)' }),
    );
    const { TimeToLiveDescription: described } = await clients.dynamo.send(new DescribeTimeToLiveCommand({ TableName: TABLE }));
    expect(described).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' });
  }
});

test('batches read and write, and keep to their limits', async () => {
  const clients = await withTable([key('p', 'old')]);
  await clients.dynamo.send(
    new BatchWriteItemCommand({
      RequestItems: { [TABLE]: [{ PutRequest: { Item: key('p', 'new') } }, { DeleteRequest: { Key: key('p', 'old') } }] },
    }),
  );
  const { Responses: responses } = await clients.dynamo.send(
    new BatchGetItemCommand({ RequestItems: { [TABLE]: { Keys: [key('p', 'new'), key('p', 'old')] } } }),
  );
  expect(responses).toEqual({ [TABLE]: [key('p', 'new')] });
  const puts = (count: number, same = false) =>
    Array.from({ length: count }, (_, index) => ({ PutRequest: { Item: key('q', same ? 's' : `s${index}`) } }));
  const write = (requests: ReturnType<typeof puts>) =>
    refusal(clients.dynamo.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: requests } })));
  expect(await write(puts(26))).toContain('Too many items requested for the BatchWriteItem call');
  expect(await write(puts(2, true))).toContain('Provided list of item keys contains duplicates');
  const keys = Array.from({ length: 101 }, (_, index) => key('p', `k${index}`));
  expect(await refusal(clients.dynamo.send(new BatchGetItemCommand({ RequestItems: { [TABLE]: { Keys: keys } } })))).toContain(
    'Too many items requested for the BatchGetItem call',
  );
  expect(clients.aws.inspect.tables.items(TABLE)).toEqual([key('p', 'new')]);
});

test('a table is described, listed, not made twice, and gone once deleted', async () => {
  const clients = await withTable(TEN);
  const describeTable = () => clients.dynamo.send(new DescribeTableCommand({ TableName: TABLE }));
  const { Table: table } = await describeTable();
  expect(table).toMatchObject({ TableStatus: 'ACTIVE', ItemCount: 10, TableArn: `arn:aws:dynamodb:us-east-1:000000000000:table/${TABLE}` });
  expect(await refusal(clients.dynamo.send(new ScanCommand({ TableName: TABLE, IndexName: 'gsi1' })))).toContain(
    'The table does not have the specified index: gsi1',
  );
  const again = new CreateTableCommand({
    TableName: TABLE,
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  expect(await refusal(clients.dynamo.send(again))).toBe(`ResourceInUseException: Table already exists: ${TABLE}`);
  await clients.dynamo.send(new DeleteTableCommand({ TableName: TABLE }));
  expect((await clients.dynamo.send(new ListTablesCommand({}))).TableNames).toEqual([]);
  expect(await refusal(describeTable())).toBe(`ResourceNotFoundException: Requested resource not found: Table: ${TABLE} not found`);
});
