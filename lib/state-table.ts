import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { tableKeys } from '../contract/records.ts';
import { allowKeyThrough } from './encryption-key.ts';

export interface StateTableProps {
  readonly encryptionKey: IKey;
}

export type ItemAction = 'GetItem' | 'Query' | 'PutItem' | 'DeleteItem';

/** The one table: ledger of keys, usage, incidents, history. On demand, restorable to any second of the last 35 days. */
export class StateTable extends Construct {
  readonly table: Table;
  readonly #encryptionKey: IKey;

  constructor(scope: Construct, id: string, props: StateTableProps) {
    super(scope, id);
    this.#encryptionKey = props.encryptionKey;
    this.table = new Table(this, 'Table', {
      partitionKey: { name: tableKeys.partition, type: AttributeType.STRING },
      sortKey: { name: tableKeys.sort, type: AttributeType.STRING },
      timeToLiveAttribute: tableKeys.timeToLive,
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey: props.encryptionKey,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Who deletes the ledger no longer knows which keys are active: that takes two deliberate steps.
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  /** Lets `grantee` write items of this one partition, and read none. */
  grantPuts(grantee: IGrantable, partition: string): void {
    Grant.addToPrincipal({
      grantee,
      actions: ['dynamodb:PutItem'],
      resourceArns: [this.table.tableArn],
      conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [partition] } },
    });
    allowKeyThrough('dynamodb', this.#encryptionKey, grantee);
  }

  /** Lets `grantee` do this with single items, also in transactions. Never scan, never touch the table itself. */
  grantItems(grantee: IGrantable, actions: readonly ItemAction[]): void {
    this.table.grant(grantee, ...actions.map((action) => `dynamodb:${action}`));
    allowKeyThrough('dynamodb', this.#encryptionKey, grantee);
  }
}
