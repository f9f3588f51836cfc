import { AnyPrincipal, Effect, PolicyStatement, type Conditions, type IRole } from 'aws-cdk-lib/aws-iam';
import { Lazy } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { EmptySecret, type EmptySecretProps } from './empty-secret.ts';

export interface GuardedSecretProps extends EmptySecretProps {
  /** ARNs of the roles and users that may read and write it, as far as their own policies let them. */
  readonly operators: readonly string[];
}

const reading = ['GetSecretValue', 'ReplicateSecretToRegions'];
const writing = ['PutSecretValue', 'UpdateSecretVersionStage'];
const updating = ['UpdateSecret'];

/**
 * UpdateSecret changes description and KMS key, or the value: no condition key tells which. A deployment calls it by CloudFormation,
 * which nobody else can do in its name: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/fas-requests-and-permission-evaluation.html.
 * ForAllValues holds as well for a request that came through no service.
 */
const outsideOfDeployments = { 'ForAllValues:StringNotEquals': { 'aws:CalledVia': 'cloudformation.amazonaws.com' } };

/**
 * A secret that refuses everybody but the functions that need it and the operators, administrators too. Its policy itself may
 * still be changed by who could before, so that nobody is locked out; CloudTrail shows it. `aws:PrincipalArn` of a session is the
 * ARN of its role: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export class GuardedSecret extends EmptySecret {
  readonly #readers: string[] = [];

  constructor(scope: Construct, id: string, { operators, ...props }: GuardedSecretProps) {
    super(scope, id, props);
    this.#refuse('OnlyFunctionsAndOperatorsRead', reading, () => [...this.#readers, ...operators]);
    // Without operators somebody must still be able to store the value: who, the account's own policies say.
    if (operators.length === 0) return;
    this.#refuse('OnlyOperatorsWrite', writing, () => [...operators]);
    this.#refuse('OnlyOperatorsAndDeploymentsUpdate', updating, () => [...operators], outsideOfDeployments);
  }

  /** The role of a function that reads it. Its own policy must let it, too. */
  readBy(role: IRole): void {
    this.#readers.push(role.roleArn);
  }

  #refuse(sid: string, actions: readonly string[], others: () => string[], further: Conditions = {}): void {
    this.addToResourcePolicy(
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: actions.map((action) => `secretsmanager:${action}`),
        resources: ['*'], // in a secret's policy: this secret
        // Lazy: the functions are made after it.
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': Lazy.list({ produce: others }) }, ...further },
      }),
    );
  }
}
