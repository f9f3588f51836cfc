import { Grant, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Annotations, ArnFormat, Stack } from 'aws-cdk-lib/core';
import type { ManagedKeyConfiguration } from './config/schema.ts';
import type { EmptySecret } from './empty-secret.ts';
import { readerOf, type Reader } from './reader.ts';

export interface ReadableSecret {
  readonly secret: EmptySecret;
  readonly secretName: string;
  readonly encryptionKey: IKey;
  readonly replicas: ManagedKeyConfiguration['replicas'];
}

/**
 * Lets `consumer` read the secret's current value, and no other version, in its own Region and in those of its replicas. What the
 * CDK makes gets a policy of its own. What lies outside of the app (an imported role, another account) cannot be given one: it is
 * let in by the policies of secret and key. Of a replica whose key it cannot let anybody use, a warning says so.
 *
 * @throws Error for who cannot be let in: success is never reported for a grant that changes nothing.
 */
export function grantRead(readable: ReadableSecret, consumer: IGrantable): Grant {
  const reader = readerOf(consumer, readable.secret);
  const grants = [
    ...(reader.inside ? grantInside(readable, consumer) : []),
    ...(reader.outsider === undefined ? [] : grantOutside(readable, reader.outsider)),
  ];
  for (const grant of grants) grant.assertSuccess();
  if (reader.outsider !== undefined) warnOfReplicas(readable, reader);
  return grants.reduce((all, grant) => all.combine(grant));
}

function grantInside({ secret, secretName, encryptionKey, replicas }: ReadableSecret, grantee: IGrantable): readonly Grant[] {
  const stack = Stack.of(secret);
  // The ARN of a replica is the secret's own but for the Region: docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html
  const resourceName = `${secretName}-??????`;
  const copies = replicas.map(({ region }) =>
    stack.formatArn({ service: 'secretsmanager', region, resource: 'secret', resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME }),
  );
  const resourceArns = [secret.arnInPolicies, ...copies];
  // The key of AWS that encrypts a replica otherwise lets the whole account use it through Secrets Manager:
  // docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
  const keys = [
    { region: stack.region, arn: encryptionKey.keyArn },
    ...replicas.flatMap(({ region, encryptionKeyArn }) => (encryptionKeyArn === undefined ? [] : [{ region, arn: encryptionKeyArn }])),
  ];
  return [
    ...keys.map(({ region, arn }) =>
      Grant.addToPrincipal({ grantee, actions: ['kms:Decrypt'], resourceArns: [arn], conditions: throughSecretsManager(region) }),
    ),
    ...reading.map((statement) => Grant.addToPrincipal({ grantee, resourceArns, ...statement })),
  ];
}

/** A replica's policy is a copy of the secret's. */
function grantOutside({ secret, encryptionKey }: ReadableSecret, outsider: IPrincipal): readonly Grant[] {
  encryptionKey.addToResourcePolicy(
    new PolicyStatement({
      principals: [outsider],
      actions: ['kms:Decrypt'],
      resources: ['*'], // in a key's policy: this key
      conditions: throughSecretsManager(Stack.of(secret).region),
    }),
  );
  return reading.map(({ actions, conditions }) =>
    Grant.addStatementToResourcePolicy({
      grantee: { grantPrincipal: outsider },
      actions,
      resourceArns: ['*'], // in a secret's policy: this secret
      resource: secret,
      statement: new PolicyStatement({ principals: [outsider], actions, resources: ['*'], conditions }),
    }),
  );
}

const reading: readonly { readonly actions: string[]; readonly conditions: Record<string, Record<string, unknown>> }[] = [
  {
    actions: ['secretsmanager:GetSecretValue'],
    conditions: { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': 'AWSCURRENT' } },
  },
  // Caching clients ask which version is current.
  { actions: ['secretsmanager:DescribeSecret'], conditions: {} },
];

function throughSecretsManager(region: string): Record<string, Record<string, unknown>> {
  return { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.amazonaws.com` } };
}

/** The stack has no say over the keys of other Regions. */
function warnOfReplicas({ secret, replicas }: ReadableSecret, { ofOwnAccount }: Reader): void {
  for (const { region, encryptionKeyArn } of replicas) {
    if (encryptionKeyArn === undefined && ofOwnAccount) continue;
    const why =
      encryptionKeyArn === undefined
        ? `it is encrypted with the key of AWS there, which no other account may use: give the replica an encryptionKeyArn in ${region}`
        : `${encryptionKeyArn} is no key of this stack: let the reader do kms:Decrypt in that key's policy`;
    Annotations.of(secret).addWarningV2(
      `keyguard:replica-not-readable-${region}`,
      `grantRead: a reader of another account or from outside of the app cannot read the replica in ${region}: ${why}`,
    );
  }
}
