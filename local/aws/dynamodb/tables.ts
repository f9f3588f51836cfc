import { CreateTable$ } from '@aws-sdk/client-dynamodb';
import type { CreateTableInput, CreateTableOutput } from '@aws-sdk/client-dynamodb';
import { AwsError, notOffered, operation } from '../service.ts';
import type { Account, Checked, Operation } from '../service.ts';
import { createTable } from './table.ts';
import type { Table } from './table.ts';

/** The tables of the account, by name or ARN. */
export interface Tables {
  /** Throws ResourceNotFoundException. */
  find(nameOrArn: string): Table;
}

export function createTables(account: Account): { tables: Tables; create: Operation } {
  const all = new Map<string, Table>();
  return {
    create: operation<CreateTableInput, CreateTableOutput>(
      CreateTable$,
      ['TableName', 'KeySchema', 'AttributeDefinitions', 'BillingMode'],
      (input) => {
        const { TableName: name } = input;
        if (!/^[A-Za-z0-9_.-]{3,255}$/.test(name)) {
          throw new AwsError('ValidationException', 'TableName must be at least 3 characters long and at most 255 characters long');
        }
        if (all.has(name)) throw new AwsError('ResourceInUseException', `Table already exists: ${name}`);
        all.set(name, createTable(account, name, textKey(input, 'HASH'), textKey(input, 'RANGE')));
        return { TableDescription: { TableName: name, TableStatus: 'CREATING' } };
      },
    ),
    tables: {
      find(nameOrArn) {
        const table = all.get(nameOrArn.startsWith('arn:') ? (nameOrArn.split('table/')[1] ?? '') : nameOrArn);
        if (table === undefined) throw new AwsError('ResourceNotFoundException', 'Requested resource not found');
        return table;
      },
    },
  };
}

function textKey({ KeySchema = [], AttributeDefinitions = [] }: Checked<CreateTableInput>, type: 'HASH' | 'RANGE'): string {
  const name = KeySchema.find(({ KeyType }) => KeyType === type)?.AttributeName;
  const isText = AttributeDefinitions.some(({ AttributeName, AttributeType }) => AttributeName === name && AttributeType === 'S');
  if (name === undefined || !isText) throw notOffered('tables without a partition key and a sort key of the type S');
  return name;
}
