import { CreateTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { aws } from './clients.ts';
import type { Clients } from './clients.ts';

export type Item = Record<string, AttributeValue>;
export const TABLE = 'state';

/** A table with a text partition key `pk` and a sort key `sk`, and these items in it. */
export async function withTable(items: readonly Item[] = []): Promise<Clients> {
  const clients = await aws();
  await clients.dynamo.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    }),
  );
  for (const Item of items) await clients.dynamo.send(new PutItemCommand({ TableName: TABLE, Item }));
  return clients;
}

/** The key of an item. */
export function key(pk: string, sk: string): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}
