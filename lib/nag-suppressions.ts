import { AwsSolutionsChecks, NIST80053R5Checks } from 'cdk-nag';
import type { NagPack } from 'cdk-nag';
import { Validations } from 'aws-cdk-lib/core';
import { functionsOf } from '../contract/heartbeat.ts';
import { channelSecretsOf } from '../contract/names.ts';
import { managedKeyOutputs, pascalCase } from '../contract/outputs.ts';
import { channels, hasPool, type FunctionName } from '../contract/registry.ts';
import type { IConstruct } from 'constructs';
import type { Configuration } from './config/schema.ts';
import type { KeyguardStack } from './keyguard-stack.ts';

/** A rule that one resource breaks on purpose, and why. */
export interface NagSuppression {
  /** The construct that owns the resource, below the stack. */
  readonly path: string;
  readonly rules: readonly string[];
  readonly reason: string;
}

const rotationRules = ['AwsSolutions-SMG4', 'NIST.800.53.R5-SecretsManagerRotationEnabled'];
const wildcardRule = 'AwsSolutions-IAM5[Resource::*]';
const pathOf: Readonly<Record<FunctionName, string>> = {
  rotation: 'Rotation/Rotation',
  retirement: 'Rotation/Retirement',
  'usage-collector': 'Usage/Collector',
  'anomaly-detector': 'Detection/Detector',
  notifier: 'Incidents/Notifier',
  heartbeat: 'Heartbeat/Beat',
};

/** Every suppression for this configuration: a test fails for one that no finding needs, and for a finding that none covers. */
export function nagSuppressions({ installation, managedKeys, anthropic, alerts, usage }: Configuration): readonly NagSuppression[] {
  const byKey = anthropic.adminAccess.kind === 'key';
  return [
    ...functionsOf(usage)
      .map((name) => pathOf[name])
      .flatMap((path) => [
        {
          path: `${path}/Function`,
          rules: ['NIST.800.53.R5-LambdaInsideVPC'],
          reason:
            'It must reach Anthropic or Slack over the internet, and nothing inside a VPC: a VPC would add a NAT gateway and no protection.',
        },
        {
          path: `${path}/Function`,
          rules: ['NIST.800.53.R5-LambdaConcurrency'],
          reason:
            "Reserved concurrency is taken from the account's limit, which is 10 in a new account: the deployment would fail, or starve other functions. Two runs at once are safe by design (invariant I9).",
        },
      ]),
    {
      path: 'Installation/State/Table',
      rules: ['NIST.800.53.R5-DynamoDBInBackupPlan'],
      reason:
        'Point-in-time recovery restores any second of the last 35 days, and the table has deletion protection; a plan may select it by its ARN.',
    },
    {
      path: 'Usage/Collector/Policy',
      rules: [wildcardRule],
      reason: 'PutMetricData and GetMetricData know no resources; writing is confined to our namespace by a condition.',
    },
    { path: 'Detection/Detector/Policy', rules: [wildcardRule], reason: 'GetMetricData knows no resources.' },
    ...(byKey
      ? [
          {
            path: 'Installation/AdminAccess/AdminKey',
            rules: rotationRules,
            reason: 'Anthropic has no API that makes an Admin key: a person replaces it. Federation needs none.',
          },
        ]
      : ['Rotation/Rotation', 'Rotation/Retirement'].map((path) => ({
          path: `${path}/Policy`,
          rules: [wildcardRule],
          reason: 'GetWebIdentityToken knows no resources; audience, lifetime and algorithm are confined by conditions.',
        }))),
    ...[...channelSecretsOf(installation, alerts).keys()].map((kind) => ({
      path: `Installation/${pascalCase(kind)}`,
      rules: rotationRules,
      reason: `${channels[kind].name} has no API that replaces its ${channels[kind].credential.noun}: a person does.`,
    })),
    ...managedKeys
      .filter(({ rotation }) => hasPool(rotation.strategy))
      .map(({ name }) => ({
        path: `ManagedKeys/${pascalCase(name)}/Standby`,
        rules: rotationRules,
        reason: `The store that rotation draws from: its versions are used up one by one, as the schedule of ${managedKeyOutputs(name).secret} runs.`,
      })),
  ];
}

/** Acknowledges the suppressions on the stack's constructs, each on its own. */
export function suppressNag(stack: KeyguardStack, configuration: Configuration): void {
  for (const { path, rules, reason } of nagSuppressions(configuration)) {
    const construct = path.split('/').reduce<IConstruct>((scope, id) => scope.node.findChild(id), stack);
    Validations.of(construct).acknowledge(...rules.map((id) => ({ id, reason })));
  }
}

/** The rule packs that the stack must pass, in synth and in the tests. */
export function nagPacks(): readonly NagPack[] {
  return [new AwsSolutionsChecks(), new NIST80053R5Checks()];
}
