import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
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
  doc: { M: { kid: { N: '5' } } },
  bytes: { B: Uint8Array.of(1, 200) },
};
const VALUES: Item = {
  ':hello': { S: 'hello' },
  ':hell': { S: 'hell' },
  ':b': { S: 'b' },
  ':9': { N: '9' },
  ':10': { N: '1e1' },
  ':11': { N: '11' },
  ':true': { BOOL: true },
  ':map': { M: {} },
  ':bytes': { B: Uint8Array.of(1, 200) },
  ':longer': { B: Uint8Array.of(1, 200, 0) },
};
const NAMES: Record<string, string> = { '#c': 'count', '#text': 'text', '#gone': 'gone' };

/** Sends only the placeholders that the expression uses: DynamoDB refuses the rest. */
function used(expression: string): { ExpressionAttributeValues?: Item; ExpressionAttributeNames?: Record<string, string> } {
  const pick = <T>(all: Record<string, T>, pattern: RegExp): Record<string, T> =>
    Object.fromEntries([...new Set(expression.match(pattern) ?? [])].map((name) => [name, all[name] as T]));
  const [values, names] = [pick(VALUES, /:\w+/g), pick(NAMES, /#\w+/g)];
  return {
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
    ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
  };
}

test('every condition holds exactly where DynamoDB says so', async () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['#text = :hello', true],
    ['#text = :hell', false],
    ['#c = :10', true],
    ['#c < :11', true],
    ['#c <= :10', true],
    ['#c > :10', false],
    ['#c >= :9', true],
    ['#c < :9', false],
    ['#c = :hello', false],
    ['#c < :hello', false],
    ['#text < :b', false],
    ['flag = :true', true],
    ['bytes = :bytes', true],
    ['bytes = :longer', false],
    ['bytes < :longer', true],
    ['bytes > :hello', false],
    ['#c BETWEEN :9 AND :11', true],
    ['#c BETWEEN :11 AND :11', false],
    ['attribute_not_exists(#gone)', true],
    ['attribute_not_exists(nothing)', false],
    ['attribute_not_exists(toString)', true],
    // A missing attribute meets no comparison.
    ['#gone = :10', false],
    ['#gone < :10', false],
    // Precedence: AND before OR.
    ['#c = :10 OR #c = :9 AND #c = :11', true],
    ['(#c = :10 OR #c = :9) AND #c = :11', false],
    ['#c = :9 or #c between :9 and :11', true],
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

test.each([
  'NOT #c = :10',
  '#c <> :10',
  '#c IN (:9, :10)',
  'attribute_exists(#c)',
  'begins_with(#text, :hell)',
  'contains(#text, :hell)',
  'size(#text) = :9',
  'attribute_type(#text, :b)',
  'doc.kid = :9',
  'lines[0] = :9',
  'doc = :map',
])('%s is not offered', async (ConditionExpression) => {
  const { dynamo } = await withTable([ITEM]);
  const call = dynamo.send(new PutItemCommand({ TableName: TABLE, Item: ITEM, ConditionExpression, ...used(ConditionExpression) }));
  expect(await refusal(call)).toMatch(/^LocalAwsNotOffered: The local AWS does not offer /);
});

describe('what DynamoDB would refuse is refused', () => {
  const N1: Item = { ':v': { N: '1' } };
  test.each<[string, string, Item?, Record<string, string>?]>([
    ['status = :v', 'Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: status', N1],
    ['a = ttl', 'reserved keyword: ttl'],
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
    ['a null that is false', { ...key('p', 's'), n: { NULL: false } }, 'must have the value of true'],
    ['a set', { ...key('p', 's'), tags: { SS: ['a'] } }, 'LocalAwsNotOffered: The local AWS does not offer attributes of the type SS'],
    ['a set of bytes', { ...key('p', 's'), b: { BS: [Uint8Array.of(1)] } }, 'does not offer attributes of the type BS'],
    ['more than 400 KB in bytes', { ...key('p', 's'), big: { B: new Uint8Array(400 * 1024) } }, 'Item size has exceeded the maximum'],
    ['more than 400 KB', { ...key('p', 's'), big: { S: 'x'.repeat(400 * 1024) } }, 'Item size has exceeded the maximum allowed size'],
  ])('an item with %s', async (_what, item, expected) => {
    const clients = await withTable();
    expect(await refusal(clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item: item })))).toContain(expected);
    expect(clients.aws.inspect.tables.items(TABLE)).toEqual([]);
  });

  test('a table that does not exist, and a key that does not fit', async () => {
    const clients = await withTable();
    const get = (TableName: string, Key: Item) => refusal(clients.dynamo.send(new GetItemCommand({ TableName, Key })));
    expect(await get('gone', key('p', 's'))).toBe('ResourceNotFoundException: Requested resource not found');
    expect(await get(TABLE, { pk: { S: 'p' } })).toBe('ValidationException: The provided key element does not match the schema');
  });
});

test('a failed condition gives the item that won, where it is asked for', async () => {
  const clients = await withTable([ITEM]);
  const again = new PutItemCommand({
    TableName: TABLE,
    Item: key('p', 's'),
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  await expect(clients.dynamo.send(again)).rejects.toMatchObject({
    name: 'ConditionalCheckFailedException',
    Item: { count: { N: '10' }, text: { S: 'hello' } },
  });
});
