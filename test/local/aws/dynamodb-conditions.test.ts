import { DeleteItemCommand, GetItemCommand, PutItemCommand, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { refusal } from './clients.ts';
import { key, TABLE, withTable } from './dynamodb-tables.ts';
import type { Item } from './dynamodb-tables.ts';

const ITEM: Item = {
  ...key('p', 's'),
  text: { S: 'hello' },
  count: { N: '10' },
  flag: { BOOL: true },
  nothing: { NULL: true },
  bytes: { B: new Uint8Array([1, 2, 3]) },
  tags: { SS: ['a', 'b'] },
  numbers: { NS: ['1', '2.0'] },
  list: { L: [{ S: 'x' }, { N: '2' }, { M: { deep: { S: 'y' } } }] },
  map: { M: { kid: { N: '5' }, 'odd.name': { S: 'z' } } },
};
const VALUES: Item = {
  ':hello': { S: 'hello' },
  ':hell': { S: 'hell' },
  ':ell': { S: 'ell' },
  ':a': { S: 'a' },
  ':b': { S: 'b' },
  ':x': { S: 'x' },
  ':y': { S: 'y' },
  ':S': { S: 'S' },
  ':SS': { S: 'SS' },
  ':1': { N: '1' },
  ':2': { N: '2' },
  ':3': { N: '3' },
  ':5': { N: '5' },
  ':9': { N: '9' },
  ':10': { N: '1e1' },
  ':11': { N: '11' },
  ':true': { BOOL: true },
  ':bytes': { B: new Uint8Array([1, 2]) },
  ':set': { SS: ['b', 'a'] },
  ':list': { L: [{ S: 'x' }] },
};
const NAMES: Record<string, string> = {
  '#c': 'count',
  '#list': 'list',
  '#map': 'map',
  '#odd': 'odd.name',
  '#text': 'text',
  '#gone': 'gone',
};

/** Sends only the placeholders that the expression uses: DynamoDB refuses the rest. */
function used(expression: string): { ExpressionAttributeValues?: Item; ExpressionAttributeNames?: Record<string, string> } {
  const pick = <T>(all: Record<string, T>, pattern: RegExp): Record<string, T> =>
    Object.fromEntries([...new Set(expression.match(pattern) ?? [])].map((name) => [name, all[name] as T]));
  const values = pick<AttributeValue>(VALUES, /:\w+/g);
  const names = pick(NAMES, /#\w+/g);
  return {
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
    ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
  };
}

test('every condition holds exactly where DynamoDB says so', async () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['#text = :hello', true],
    ['#text <> :hello', false],
    ['#text = :hell', false],
    ['#c = :10', true],
    ['#c < :11', true],
    ['#c <= :10', true],
    ['#c > :10', false],
    ['#c >= :9', true],
    ['#c < :9', false],
    ['#c = :hello', false],
    ['#c <> :hello', true],
    ['#c < :hello', false],
    ['#text < :b', false],
    ['flag = :true', true],
    ['tags = :set', true],
    ['#c BETWEEN :9 AND :11', true],
    ['#c BETWEEN :11 AND :11', false],
    ['NOT #c BETWEEN :11 AND :11', true],
    ['#c IN (:9, :10)', true],
    ['#c IN (:9)', false],
    ['attribute_exists(#map.kid)', true],
    ['attribute_exists(#map.gone)', false],
    ['attribute_not_exists(#gone)', true],
    ['attribute_not_exists(nothing)', false],
    ['attribute_type(#text, :S)', true],
    ['attribute_type(tags, :SS)', true],
    ['attribute_type(#gone, :S)', false],
    ['begins_with(#text, :hell)', true],
    ['begins_with(#text, :ell)', false],
    ['begins_with(bytes, :bytes)', true],
    ['begins_with(#c, :hell)', false],
    ['contains(#text, :ell)', true],
    ['contains(tags, :a)', true],
    ['contains(tags, :x)', false],
    ['contains(numbers, :2)', true],
    ['contains(#list, :2)', true],
    ['contains(#list, :x)', true],
    ['contains(#gone, :x)', false],
    ['size(#text) = :5', true],
    ['size(tags) = :2', true],
    ['size(#list) > :2', true],
    ['size(bytes) = :3', true],
    ['size(#map) = :2', true],
    ['size(#gone) = :2', false],
    ['#list[0] = :x', true],
    ['#list[2].deep = :y', true],
    ['#list[7] = :x', false],
    ['#map.kid = :5', true],
    ['attribute_exists(#map.#odd)', true],
    // A missing attribute equals nothing.
    ['#gone <> :1', true],
    ['#gone = :1', false],
    ['#gone < :1', false],
    // Precedence: NOT before AND before OR.
    ['#c = :10 OR #c = :1 AND #c = :2', true],
    ['(#c = :10 OR #c = :1) AND #c = :2', false],
    ['NOT #c = :1 AND #c = :10', true],
    ['NOT (#c = :10 OR #c = :1)', false],
    ['not #c = :1 and #c between :9 and :11 or #c in (:1)', true],
    ['#c = :10 AND #c = #c', true],
  ];
  const clients = await withTable([ITEM]);
  const outcomes: [string, boolean][] = [];
  for (const [condition] of cases) {
    const said = await refusal(
      clients.dynamo.send(
        new DeleteItemCommand({
          TableName: TABLE,
          Key: key('p', 's'),
          ConditionExpression: `(${condition}) AND attribute_not_exists(zzz)`,
          ...used(condition),
        }),
      ),
    );
    const failed = said === 'ConditionalCheckFailedException: The conditional request failed';
    expect(said, condition).toBe(failed ? said : 'the call was not refused');
    outcomes.push([condition, !failed]);
    if (!failed) await clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item: ITEM }));
  }
  expect(outcomes).toEqual(cases);
});

test('a filter is the same language', async () => {
  const clients = await withTable([ITEM, { ...key('p', 't'), count: { N: '3' } }]);
  const { Items: items } = await clients.dynamo.send(
    new ScanCommand({
      TableName: TABLE,
      FilterExpression: '#c < :9',
      ExpressionAttributeNames: { '#c': 'count' },
      ExpressionAttributeValues: { ':9': { N: '9' } },
    }),
  );
  expect(items?.map((item) => item['sk']?.S)).toEqual(['t']);
});

describe('what DynamoDB would refuse is refused', () => {
  const N1: Item = { ':v': { N: '1' } };
  test.each<[string, string, Item?, Record<string, string>?]>([
    ['status = :v', 'Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: status', N1],
    ['a.ttl = :v', 'reserved keyword: ttl', N1],
    ['a = :v', 'An expression attribute value used in expression is not defined; attribute value: :v'],
    ['#a = :v', 'An expression attribute name used in the document path is not defined; attribute name: #a', N1],
    ['a = :v', 'Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}', { ...N1, ':w': { N: '2' } }],
    ['a = :v', 'Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}', N1, { '#n': 'x' }],
    ['a = ', 'Syntax error; token: "<EOF>"', N1],
    ['a == :v', 'Syntax error; token: "="', N1],
    ['a = :v b = :v', 'Syntax error; token: "b"', N1],
    ['(a = :v', 'Syntax error', N1],
    ['a ! :v', 'Syntax error; token: "!"', N1],
    ['exists(a)', 'Invalid function name; function: exists'],
    ['begins_with(a, :v)', 'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N', N1],
    ['', 'The expression can not be empty'],
  ])('%j', async (condition, expected, values, names) => {
    const clients = await withTable();
    const said = await refusal(
      clients.dynamo.send(
        new PutItemCommand({
          TableName: TABLE,
          Item: key('p', 's'),
          ConditionExpression: condition,
          ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
          ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
        }),
      ),
    );
    expect(said).toContain('ValidationException');
    expect(said).toContain(expected);
    expect(clients.aws.inspect.tables.items(TABLE)).toEqual([]);
  });

  test.each<[string, Item, string]>([
    ['a missing sort key', { pk: { S: 'p' } }, 'Missing the key sk in the item'],
    ['a key of another type', { pk: { S: 'p' }, sk: { N: '1' } }, 'Type mismatch for key sk expected: S actual: N'],
    ['an empty key', key('p', ''), 'cannot contain an empty string value. Key: sk'],
    ['an empty set', { ...key('p', 's'), tags: { SS: [] } }, 'An string set  may not be empty'],
    ['a set that repeats', { ...key('p', 's'), tags: { SS: ['a', 'a'] } }, 'Input collection contains duplicates'],
    ['a number that is none', { ...key('p', 's'), n: { N: 'ten' } }, 'The parameter cannot be converted to a numeric value: ten'],
    ['39 digits', { ...key('p', 's'), n: { N: '1'.repeat(39) } }, 'more than 38 significant digits'],
    ['more than 400 KB', { ...key('p', 's'), big: { S: 'x'.repeat(400 * 1024) } }, 'Item size has exceeded the maximum allowed size'],
  ])('an item with %s', async (_what, item, expected) => {
    const clients = await withTable();
    expect(await refusal(clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item: item })))).toContain(expected);
    expect(clients.aws.inspect.tables.items(TABLE)).toEqual([]);
  });

  test('a table that does not exist, a key that does not fit, and a parameter of the old language', async () => {
    const clients = await withTable();
    const get = (TableName: string, Key: Item) => refusal(clients.dynamo.send(new GetItemCommand({ TableName, Key })));
    expect(await get('gone', key('p', 's'))).toBe('ResourceNotFoundException: Requested resource not found');
    expect(await get(TABLE, { pk: { S: 'p' } })).toBe('ValidationException: The provided key element does not match the schema');
    expect(
      await refusal(clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item: key('p', 's'), Expected: { a: { Exists: false } } }))),
    ).toContain('the legacy parameter Expected');
  });
});

test('a failed condition gives the item that won, where it is asked for', async () => {
  const clients = await withTable([ITEM]);
  const update = new UpdateItemCommand({
    TableName: TABLE,
    Key: key('p', 's'),
    UpdateExpression: 'SET x = :v',
    ConditionExpression: 'attribute_not_exists(pk)',
    ExpressionAttributeValues: { ':v': { N: '1' } },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  await expect(clients.dynamo.send(update)).rejects.toMatchObject({
    name: 'ConditionalCheckFailedException',
    Item: { count: { N: '10' }, text: { S: 'hello' } },
  });
});
