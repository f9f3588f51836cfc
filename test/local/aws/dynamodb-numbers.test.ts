import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { refusal } from './clients.ts';
import { key, TABLE, withTable } from './dynamodb-tables.ts';

/** The same number, also deep inside of a map. */
const held = (N: string) => [{ n: { N } }, { m: { M: { list: { L: [{ N }] } } } }];

test.each([
  ['1e-131', 'Number underflow'],
  ['-9.9e-131', 'Number underflow'],
  ['3.2e-240', 'Number underflow'],
  ['1e126', 'Number overflow'],
  ['-1e126', 'Number overflow'],
  ['1.5e300', 'Number overflow'],
  ['123456789012345678901234567890123456789', 'more than 38 significant digits'],
  ['ten', 'cannot be converted to a numeric value: ten'],
  ['NaN', 'cannot be converted to a numeric value'],
  ['Infinity', 'cannot be converted to a numeric value'],
])('the number %s is refused wherever it stands', async (number, message) => {
  const { dynamo } = await withTable();
  for (const attributes of held(number)) {
    const put = dynamo.send(new PutItemCommand({ TableName: TABLE, Item: { ...key('p', 's'), ...attributes } }));
    const answer = await refusal(put);
    expect(answer).toMatch(/^ValidationException/);
    expect(answer).toContain(message);
  }
});

test.each([
  ['1e-130', '1e-130'],
  ['9.99e125', '9.99e+125'],
  ['-0', '0'],
  ['007', '7'],
  ['1.50', '1.5'],
  ['1E2', '100'],
  ['+3', '3'],
  ['.5', '0.5'],
  ['9007199254740993', '9007199254740992'],
])('the number %s is kept as %s', async (number, kept) => {
  const { dynamo, aws } = await withTable();
  await dynamo.send(new PutItemCommand({ TableName: TABLE, Item: { ...key('p', 's'), n: { N: number } } }));
  expect(aws.inspect.tables.items(TABLE)[0]?.['n']).toEqual({ N: kept });
});
