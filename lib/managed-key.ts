import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { CfnRotationSchedule } from 'aws-cdk-lib/aws-secretsmanager';
import type { ReplicaRegion, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { dimensionNames, metricNamespace, usageMetrics } from '../contract/metrics.ts';
import type { UsageMetric } from '../contract/metrics.ts';
import { secretsOf } from '../contract/names.ts';
import { hasPool } from '../contract/registry.ts';
import { consumerGrants, standbyGrants, type SecretGrants } from '../contract/secret-grants.ts';
import type { AppFunction } from './app-function.ts';
import { rotationRules } from './config/rotation-rules.ts';
import type { ManagedKeyConfiguration, ManagedKeyInput } from './config/schema.ts';
import { EmptySecret } from './empty-secret.ts';
import { allowKeyThrough } from './encryption-key.ts';
import type { Detection } from './detection.ts';
import { grantRead } from './grant-read.ts';
import type { Installation } from './installation.ts';
import type { Rotation } from './rotation.ts';

export interface ManagedKeyProps extends ManagedKeyInput {
  readonly installation: Installation;
  readonly rotatedBy: Rotation;
  readonly watchedBy: Detection;
}

/**
 * What one team thinks of as its key: the secret that consumers read, the secret that holds its standby keys, its
 * schedule and its definition. It outlives every API key that it has held.
 *
 * What the functions may do with a key's secrets stands in the secrets' own policies: in the functions' policies, which
 * hold 6,144 characters, some twenty managed keys would be the end, or a wildcard.
 */
export class ManagedKey extends Construct {
  /** Consumers read AWSCURRENT here. */
  readonly secret: EmptySecret;
  readonly configuration: ManagedKeyConfiguration;
  readonly installation: Installation;
  readonly #standbySecret: Secret | undefined;

  constructor(scope: Construct, id: string, props: ManagedKeyProps) {
    super(scope, id);
    const { installation, rotatedBy, watchedBy, ...input } = props;
    installation.refuseStrangers(this, { rotatedBy, watchedBy });
    this.configuration = installation.manages(input, this);
    this.installation = installation;
    const { encryptionKey } = installation;
    const { name, description, replicas } = this.configuration;
    const { secretName, standbySecretName } = secretsOf(installation.installationName, name);
    this.secret = new EmptySecret(this, 'Consumer', {
      secretName,
      encryptionKey,
      ...(replicas.length === 0 ? {} : { replicaRegions: this.#replicaRegions(replicas) }),
      description: `Anthropic API key "${name}"${description === undefined ? '' : `: ${description}`}`,
    });
    if (hasPool(this.configuration.rotation.strategy)) {
      this.#standbySecret = new EmptySecret(this, 'Standby', {
        secretName: standbySecretName,
        encryptionKey,
        description: `Standby keys of "${name}": fill it with npx --no-install keyguard standby add ${name}`,
      });
    }
    this.#letFunctionsIn(rotatedBy, watchedBy);
    if (this.#standbySecret !== undefined) denyStandby(this.#standbySecret, rotatedBy.rotation);
    // Setting a schedule makes Secrets Manager call the function to test it, so all that the function needs must stand.
    const secrets = [this.secret, ...(this.#standbySecret === undefined ? [] : [this.#standbySecret])];
    this.#createSchedule(rotatedBy).node.addDependency(rotatedBy.invokePermission, ...secrets);
  }

  /**
   * Each standby key is a version of its own, under a label of its own. Nobody but the rotation function reads it. Throws for a managed key
   * whose strategy has no pool.
   */
  get standbySecret(): Secret {
    if (this.#standbySecret !== undefined) return this.#standbySecret;
    const { strategy } = this.configuration.rotation;
    throw new Error(`${this.node.path}: rotation.strategy is "${strategy}", which has no standby keys and no secret for them: give "pool"`);
  }

  /**
   * Lets `consumer` read the current value, and no other version, here and in the replicas' Regions: a role or user of this app, an
   * imported one, or one of another account, which must be allowed to by its own account too. Throws for who cannot be let in.
   */
  grantRead(consumer: IGrantable): Grant {
    const { name, replicas } = this.configuration;
    const { secretName } = secretsOf(this.installation.installationName, name);
    return grantRead({ secret: this.secret, secretName, encryptionKey: this.installation.encryptionKey, replicas }, consumer);
  }

  /** Usage of this managed key, whichever API key it held: sum over five minutes unless told otherwise. */
  metricUsage(metric: UsageMetric, period = Duration.minutes(5)): Metric {
    return new Metric({
      namespace: metricNamespace,
      metricName: usageMetrics[metric].name,
      dimensionsMap: {
        [dimensionNames.installation]: this.installation.installationName,
        [dimensionNames.managedKey]: this.configuration.name,
      },
      label: this.configuration.name,
      statistic: 'Sum',
      period,
    });
  }

  #replicaRegions(replicas: ManagedKeyConfiguration['replicas']): ReplicaRegion[] {
    return replicas.map(({ region, encryptionKeyArn }) => ({
      region,
      ...(encryptionKeyArn === undefined ? {} : { encryptionKey: Key.fromKeyArn(this, `ReplicaKey-${region}`, encryptionKeyArn) }),
    }));
  }

  #letFunctionsIn({ rotation, retirement }: Rotation, { detector }: Detection): void {
    const functions: Readonly<Record<keyof SecretGrants, AppFunction>> = { rotation, retirement, 'anomaly-detector': detector };
    const letIn = (secret: Secret, grants: SecretGrants, name: keyof SecretGrants): void => {
      // In a secret's policy, `*` is this secret.
      secret.addToResourcePolicy(
        new PolicyStatement({
          principals: [functions[name].role],
          actions: grants[name].map((action) => `secretsmanager:${action}`),
          resources: ['*'],
        }),
      );
    };
    for (const name of ['rotation', 'retirement', 'anomaly-detector'] as const) {
      letIn(this.secret, consumerGrants, name);
      if (this.#standbySecret !== undefined) letIn(this.#standbySecret, standbyGrants, name);
    }
    const { encryptionKey } = this.installation;
    allowKeyThrough('secretsmanager to write', encryptionKey, rotation);
    for (const fn of [retirement, detector]) allowKeyThrough('secretsmanager to read', encryptionKey, fn);
  }

  #createSchedule(rotatedBy: Rotation): CfnRotationSchedule {
    const { name, rotation } = this.configuration;
    const { scheduleExpression, duration } = rotationRules(
      rotation.every,
      rotation.window,
      `${this.installation.installationName}/${name}`,
    );
    return new CfnRotationSchedule(this, 'Schedule', {
      secretId: this.secret.secretArn,
      rotationLambdaArn: rotatedBy.rotation.function.functionArn,
      // Deploying must not rotate: github.com/aws/aws-cdk/issues/25365
      rotateImmediatelyOnUpdate: false,
      rotationRules: { scheduleExpression, ...(duration === undefined ? {} : { duration }) },
    });
  }
}

/** Administrators too: whoever may read standby keys could use one that nobody watches yet, or copy all to another Region. */
function denyStandby(secret: Secret, reader: AppFunction): void {
  secret.addToResourcePolicy(
    new PolicyStatement({
      sid: 'OnlyTheRotationReads',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['secretsmanager:GetSecretValue', 'secretsmanager:ReplicateSecretToRegions'],
      resources: ['*'], // in a secret's policy: this secret
      conditions: { ArnNotEquals: { 'aws:PrincipalArn': reader.role.roleArn } },
    }),
  );
}
