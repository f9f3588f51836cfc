import type { AddToResourcePolicyResult, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnSecret, Secret, type ReplicaRegion } from 'aws-cdk-lib/aws-secretsmanager';
import { CfnResource, RemovalPolicy } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

export interface EmptySecretProps {
  readonly secretName: string;
  /** For people: shown beside the secret. */
  readonly description: string;
  readonly encryptionKey: IKey;
  /** @default none */
  readonly replicaRegions?: ReplicaRegion[];
}

/** A secret that the template gives no value: nothing is generated, people or a rotation fill it. It stays when the stack goes. */
export class EmptySecret extends Secret {
  constructor(scope: Construct, id: string, props: EmptySecretProps) {
    super(scope, id, { ...props, removalPolicy: RemovalPolicy.RETAIN });
    const resource = this.node.defaultChild;
    if (!(resource instanceof CfnSecret)) throw new Error(`${this.node.path}: the secret's resource was not found`);
    // The construct would let Secrets Manager generate a password, which then looks like a key that Anthropic refuses.
    resource.generateSecretString = undefined;
  }

  /** As a policy must name it. Outside of this Region and account its ARN is known but for the end that Secrets Manager adds. */
  get arnInPolicies(): string {
    return this.arnForPolicies;
  }

  /** Its policy stays with it: without, more people could read it than before, and the functions that still watch it none. */
  override addToResourcePolicy(statement: PolicyStatement): AddToResourcePolicyResult {
    const result = super.addToResourcePolicy(statement);
    const policy = this.node.tryFindChild('Policy')?.node.defaultChild;
    if (CfnResource.isCfnResource(policy)) policy.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return result;
  }
}
