import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

export interface EncryptionKeyProps {
  /** Name of the installation: the key's alias. */
  readonly installation: string;
}

/** The one customer-managed key: secrets, table, topics and logs. It stays when the stack goes, as what it encrypts does. */
export class EncryptionKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, props: EncryptionKeyProps) {
    super(scope, id);
    const { account, partition, region, stackName } = Stack.of(this);
    this.key = new Key(this, 'Key', {
      alias: `alias/${props.installation}`,
      description: `Anthropic Key Guard "${props.installation}": secrets, table, topics and logs`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // The statement that CloudWatch Logs asks for: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    this.key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'LogGroupsOfThisStack',
        principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
        actions: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
        resources: ['*'], // in a key's policy: this key
        conditions: {
          ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:${stackName}-*` },
        },
      }),
    );
    // Alarms publish to an encrypted topic: docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    this.key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'], // in a key's policy: this key
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    );
  }
}

const uses = {
  // Everything that DynamoDB may do for a caller, but CreateGrant, which making a table needs:
  // docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
  dynamodb: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
  // Only who writes a value needs a data key: docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
  'secretsmanager to read': ['kms:Decrypt'],
  'secretsmanager to write': ['kms:Decrypt', 'kms:GenerateDataKey'],
  sns: ['kms:Decrypt', 'kms:GenerateDataKey'],
} as const;

/** Lets `grantee` use the key through one service only, never by itself. */
export function allowKeyThrough(use: keyof typeof uses, key: IKey, grantee: IGrantable): void {
  const [service] = use.split(' ');
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: [...uses[use]],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `${service}.${Stack.of(key).region}.amazonaws.com` } },
    }),
  );
}
