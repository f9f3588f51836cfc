import { errorTypeRegistries } from '@aws-sdk/client-dynamodb';
import type { Account, Service } from '../service.ts';
import type { Item } from './attribute-values.ts';
import { batchOperations } from './batches.ts';
import { createExpressions } from './expressions.ts';
import { itemOperations } from './items.ts';
import { createTables } from './tables.ts';
import { transactionOperation } from './transactions.ts';

export interface DynamoDbOptions {
  /** How long an item outlives its time-to-live attribute; AWS promises "a few days". @default 0 */
  readonly timeToLiveDelayMs?: number;
}

export interface TablesObserver {
  names(): string[];
  /** All items of a table, in DynamoDB's JSON. */
  items(table: string): readonly Item[];
}

export function dynamoDb(account: Account, options: DynamoDbOptions): { service: Service; observer: TablesObserver } {
  const expressions = createExpressions();
  const { tables, operations } = createTables(account, options.timeToLiveDelayMs ?? 0);
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
      operations: [
        ...operations,
        ...itemOperations(tables, expressions),
        ...batchOperations(tables, expressions),
        transactionOperation(account, tables, expressions),
      ],
    },
    observer: { names: () => tables.names(), items: (table) => tables.find(table).items() },
  };
}
