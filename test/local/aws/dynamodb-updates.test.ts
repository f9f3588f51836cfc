import { DeleteItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { ReturnValue } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addNumbers, compareNumbers, normalizeNumber, subtractNumbers } from '../../../local/aws/dynamodb/numbers.ts';
import { refusal } from './clients.ts';
import type { Clients } from './clients.ts';
import { key, TABLE, withTable } from './dynamodb-tables.ts';
import type { Item } from './dynamodb-tables.ts';

const ITEM: Item = {
  ...key('p', 's'),
  n: { N: '10' },
  tags: { SS: ['a', 'b'] },
  letters: { L: [{ S: 'a' }, { S: 'b' }, { S: 'c' }] },
  doc: { M: { x: { N: '1' } } },
};
const update = (clients: Clients, expression: string, values: Item = {}, returns: ReturnValue = 'ALL_NEW', sk = 's') =>
  clients.dynamo.send(
    new UpdateItemCommand({
      TableName: TABLE,
      Key: key('p', sk),
      UpdateExpression: expression,
      ReturnValues: returns,
      ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
    }),
  );

test.each<[string, Item, Item]>([
  ['SET n = :v', { ':v': { N: '5' } }, { n: { N: '5' } }],
  ['SET n = n + :v', { ':v': { N: '0.5' } }, { n: { N: '10.5' } }],
  ['SET n = :v - n', { ':v': { N: '3' } }, { n: { N: '-7' } }],
  ['SET fresh = if_not_exists(fresh, :v) + :w', { ':v': { N: '0' }, ':w': { N: '2' } }, { fresh: { N: '2' } }],
  ['SET n = if_not_exists(n, :v)', { ':v': { N: '0' } }, { n: { N: '10' } }],
  ['SET letters = list_append(letters, :v)', { ':v': { L: [{ S: 'd' }] } }, { letters: { L: ['a', 'b', 'c', 'd'].map((S) => ({ S })) } }],
  ['SET letters[1] = :v', { ':v': { S: 'B' } }, { letters: { L: ['a', 'B', 'c'].map((S) => ({ S })) } }],
  ['SET letters[9] = :v', { ':v': { S: 'd' } }, { letters: { L: ['a', 'b', 'c', 'd'].map((S) => ({ S })) } }],
  ['SET doc.y = :v', { ':v': { S: 'new' } }, { doc: { M: { x: { N: '1' }, y: { S: 'new' } } } }],
  ['REMOVE letters[0], letters[2]', {}, { letters: { L: [{ S: 'b' }] } }],
  ['REMOVE doc.x', {}, { doc: { M: {} } }],
  ['REMOVE gone', {}, {}],
  ['ADD n :v', { ':v': { N: '-11' } }, { n: { N: '-1' } }],
  ['ADD hits :v', { ':v': { N: '1' } }, { hits: { N: '1' } }],
  ['ADD tags :v', { ':v': { SS: ['b', 'c'] } }, { tags: { SS: ['a', 'b', 'c'] } }],
  ['DELETE tags :v', { ':v': { SS: ['a', 'z'] } }, { tags: { SS: ['b'] } }],
  // Operands are read from the item as it was.
  ['SET a1 = n, n = :v', { ':v': { N: '5' } }, { a1: { N: '10' }, n: { N: '5' } }],
  ['SET n = :v, a1 = n', { ':v': { N: '5' } }, { a1: { N: '10' }, n: { N: '5' } }],
  ['SET a1 = :v REMOVE doc ADD n :v', { ':v': { N: '1' } }, { a1: { N: '1' }, n: { N: '11' }, doc: undefined as never }],
])('%s', async (expression, values, changes) => {
  const clients = await withTable([ITEM]);
  const { Attributes: after = {} } = await update(clients, expression, values);
  const expected = Object.fromEntries(Object.entries({ ...ITEM, ...changes }).filter(([, value]) => (value as unknown) !== undefined));
  expect(after).toEqual(expected);
  expect(clients.aws.inspect.tables.items(TABLE)).toEqual([expected]);
});

test('a set that loses its last member is gone', async () => {
  const clients = await withTable([ITEM]);
  const { Attributes: after } = await update(clients, 'DELETE tags :v', { ':v': { SS: ['a', 'b'] } });
  expect(after).not.toHaveProperty('tags');
});

test('an update of an item that does not exist makes one, key included', async () => {
  const clients = await withTable();
  const { Attributes: after } = await update(clients, 'ADD n :v', { ':v': { N: '3' } }, 'ALL_NEW', 'new');
  expect(after).toEqual({ ...key('p', 'new'), n: { N: '3' } });
});

test.each<[ReturnValue, Item | undefined]>([
  ['NONE', undefined],
  ['ALL_OLD', ITEM],
  ['UPDATED_OLD', { n: { N: '10' } }],
  ['UPDATED_NEW', { n: { N: '11' }, fresh: { N: '1' } }],
  ['ALL_NEW', { ...ITEM, n: { N: '11' }, fresh: { N: '1' } }],
])('ReturnValues %s', async (returns, expected) => {
  const clients = await withTable([ITEM]);
  const { Attributes: attributes } = await update(clients, 'SET n = n + :v, fresh = :v', { ':v': { N: '1' } }, returns);
  expect(attributes).toEqual(expected);
});

test('PutItem and DeleteItem give back what was there', async () => {
  const clients = await withTable([ITEM]);
  const put = await clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item: key('p', 's'), ReturnValues: 'ALL_OLD' }));
  expect(put.Attributes).toEqual(ITEM);
  const remove = await clients.dynamo.send(new DeleteItemCommand({ TableName: TABLE, Key: key('p', 's'), ReturnValues: 'ALL_OLD' }));
  expect(remove.Attributes).toEqual(key('p', 's'));
  expect(clients.aws.inspect.tables.items(TABLE)).toEqual([]);
});

test.each<[string, Item, string]>([
  ['SET pk = :v', { ':v': { S: 'x' } }, 'Cannot update attribute pk. This attribute is part of the key'],
  ['SET n = gone + :v', { ':v': { N: '1' } }, 'The provided expression refers to an attribute that does not exist in the item'],
  ['SET gone.deep = :v', { ':v': { N: '1' } }, 'The document path provided in the update expression is invalid for update'],
  ['SET n = tags + :v', { ':v': { N: '1' } }, 'An operand in the update expression has an incorrect data type'],
  ['SET n = list_append(n, :v)', { ':v': { L: [] } }, 'An operand in the update expression has an incorrect data type'],
  ['ADD letters :v', { ':v': { N: '1' } }, 'An operand in the update expression has an incorrect data type'],
  ['ADD n :v', { ':v': { S: 'x' } }, 'operator: ADD, operand type: S'],
  ['DELETE tags :v', { ':v': { S: 'x' } }, 'operator: DELETE, operand type: S'],
  ['SET doc = :v, doc.x = :v', { ':v': { N: '1' } }, 'Two document paths overlap with each other'],
  ['SET n = :v SET m = :v', { ':v': { N: '1' } }, 'The "SET" section can only be used once'],
  ['PUT n :v', { ':v': { N: '1' } }, 'Syntax error; token: "PUT"'],
  ['SET n = now(n)', {}, 'Invalid function name; function: now'],
  ['SET big = :v', { ':v': { S: 'x'.repeat(400 * 1024) } }, 'Item size to update has exceeded the maximum allowed size'],
])('%s is refused', async (expression, values, expected) => {
  const clients = await withTable([ITEM]);
  const said = await refusal(update(clients, expression, values));
  expect(said).toContain('ValidationException');
  expect(said).toContain(expected);
  expect(clients.aws.inspect.tables.items(TABLE)).toEqual([ITEM]);
});

test('numbers are exact where floating point is not', () => {
  expect(addNumbers('0.1', '0.2')).toBe('0.3');
  expect(addNumbers('9007199254740993', '1')).toBe('9007199254740994');
  expect(subtractNumbers('1', '0.00000000000000000001')).toBe('0.99999999999999999999');
  expect(['-0', '007', '1.50', '1E2', '+3', '.5', '-0.0'].map(normalizeNumber)).toEqual(['0', '7', '1.5', '100', '3', '0.5', '0']);
  expect(compareNumbers('1e2', '99.9')).toBeGreaterThan(0);
  expect(compareNumbers('100', '1E+2')).toBe(0);
});

test('adding and taking away again gives the number that was there', () => {
  const number = fc.tuple(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), fc.integer({ min: -8, max: 8 })).map(([c, e]) => `${c}e${e}`);
  fc.assert(
    fc.property(number, number, (a, b) => {
      expect(subtractNumbers(addNumbers(a, b), b)).toBe(normalizeNumber(a));
      expect(Math.sign(compareNumbers(a, b)) + Math.sign(compareNumbers(b, a))).toBe(0);
    }),
  );
});
