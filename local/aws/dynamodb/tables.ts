import { CreateTable$, DeleteTable$, DescribeTable$, DescribeTimeToLive$, ListTables$, UpdateTimeToLive$ } from '@aws-sdk/client-dynamodb';
import type {
  CreateTableInput,
  CreateTableOutput,
  DeleteTableInput,
  DeleteTableOutput,
  DescribeTableInput,
  DescribeTableOutput,
  DescribeTimeToLiveInput,
  DescribeTimeToLiveOutput,
  ListTablesInput,
  ListTablesOutput,
  TableDescription,
  TableStatus,
  UpdateTimeToLiveInput,
  UpdateTimeToLiveOutput,
} from '@aws-sdk/client-dynamodb';
import { AwsError, operation } from '../service.ts';
import type { Account, Operation } from '../service.ts';
import { itemSize } from './attribute-values.ts';
import { createTable } from './table.ts';
import type { Table } from './table.ts';

/** The tables of the account, by name or ARN. */
export interface Tables {
  /** Throws ResourceNotFoundException in the words of the item operations. */
  find(nameOrArn: string): Table;
  names(): string[];
}

export function createTables(account: Account, timeToLiveDelayMs: number): { tables: Tables; operations: readonly Operation[] } {
  const all = new Map<string, Table>();
  const shortName = (nameOrArn: string): string => (nameOrArn.startsWith('arn:') ? (nameOrArn.split('table/')[1] ?? '') : nameOrArn);
  const describe = (name: string): Table => {
    const table = all.get(shortName(name));
    if (table === undefined) throw new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`);
    return table;
  };

  const operations = [
    operation<CreateTableInput, CreateTableOutput>(CreateTable$, (input) => {
      const name = shortName(input.TableName);
      if (!/^[A-Za-z0-9_.-]{3,255}$/.test(name)) {
        throw new AwsError('ValidationException', 'TableName must be at least 3 characters long and at most 255 characters long');
      }
      if (all.has(name)) throw new AwsError('ResourceInUseException', `Table already exists: ${name}`);
      if (input.GlobalSecondaryIndexes !== undefined || input.LocalSecondaryIndexes !== undefined) {
        throw new AwsError('ValidationException', 'The local AWS has no secondary indexes');
      }
      const table = createTable(
        account,
        { name, keySchema: input.KeySchema ?? [], attributes: input.AttributeDefinitions ?? [] },
        timeToLiveDelayMs,
      );
      all.set(name, table);
      return { TableDescription: description(table, 'CREATING') };
    }),
    operation<DescribeTableInput, DescribeTableOutput>(DescribeTable$, (input) => ({
      Table: description(describe(input.TableName), 'ACTIVE'),
    })),
    operation<DeleteTableInput, DeleteTableOutput>(DeleteTable$, (input) => {
      const table = describe(input.TableName);
      all.delete(table.name);
      return { TableDescription: description(table, 'DELETING') };
    }),
    operation<ListTablesInput, ListTablesOutput>(ListTables$, () => ({ TableNames: [...all.keys()].sort() })),
    operation<UpdateTimeToLiveInput, UpdateTimeToLiveOutput>(UpdateTimeToLive$, (input) => {
      const table = describe(input.TableName);
      const { AttributeName: name, Enabled: enabled } = input.TimeToLiveSpecification;
      if (enabled === (table.timeToLiveAttribute !== undefined)) {
        throw new AwsError('ValidationException', `TimeToLive is already ${enabled ? 'enabled' : 'disabled'}`);
      }
      table.timeToLiveAttribute = enabled ? name : undefined;
      return { TimeToLiveSpecification: input.TimeToLiveSpecification };
    }),
    operation<DescribeTimeToLiveInput, DescribeTimeToLiveOutput>(DescribeTimeToLive$, (input) => {
      const { timeToLiveAttribute: name } = describe(input.TableName);
      return {
        TimeToLiveDescription: name === undefined ? { TimeToLiveStatus: 'DISABLED' } : { TimeToLiveStatus: 'ENABLED', AttributeName: name },
      };
    }),
  ];

  return {
    operations,
    tables: {
      find(nameOrArn) {
        const table = all.get(shortName(nameOrArn));
        if (table === undefined) throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
        return table;
      },
      names: () => [...all.keys()],
    },
  };
}

function description(table: Table, status: TableStatus): TableDescription {
  const keys = table.sortKey === undefined ? [table.partitionKey] : [table.partitionKey, table.sortKey];
  const items = table.items();
  return {
    TableName: table.name,
    TableArn: table.arn,
    TableStatus: status,
    CreationDateTime: new Date(table.createdAt),
    KeySchema: keys.map((key, index) => ({ AttributeName: key.name, KeyType: index === 0 ? 'HASH' : 'RANGE' })),
    AttributeDefinitions: keys.map(({ name, type }) => ({ AttributeName: name, AttributeType: scalarType(type) })),
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    ItemCount: items.length,
    TableSizeBytes: items.reduce((size, item) => size + itemSize(item), 0),
  };
}

function scalarType(type: string): 'S' | 'N' | 'B' {
  return type === 'N' || type === 'B' ? type : 'S';
}
