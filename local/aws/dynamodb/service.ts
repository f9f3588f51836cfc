import { errorTypeRegistries } from '@aws-sdk/client-dynamodb';
import type { Account, Service } from '../service.ts';
import type { Item } from './attribute-values.ts';
import { itemOperations } from './items.ts';
import { createTables } from './tables.ts';
import { transactionOperation } from './transactions.ts';

export interface TablesObserver {
  /** All items of a table, in DynamoDB's JSON. */
  items(table: string): readonly Item[];
}

/** A table of texts for keys, read and written item by item or in transactions; what is not offered is refused by name. */
export function dynamoDb(account: Account): { service: Service; observer: TablesObserver } {
  const { tables, create } = createTables(account);
  return {
    service: {
      name: 'dynamodb',
      protocol: { kind: 'json', version: '1.0', target: 'DynamoDB_20120810' },
      errors: errorTypeRegistries,
      throttle: {
        code: 'ThrottlingException',
        message:
          'Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index so please try again shortly.',
      },
      internalError: 'InternalServerError',
      operations: [create, ...itemOperations(tables), transactionOperation(account, tables)],
    },
    observer: { items: (table) => tables.find(table).items() },
  };
}
