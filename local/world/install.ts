import { CreateTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { CreateTopicCommand, SubscribeCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { AdminAccess } from '../../contract/environment.ts';
import type { InstallationDefinition } from '../../contract/installation.ts';
import {
  adminKeySecretName,
  alarmTopicName,
  alertTopicName,
  channelSecretName,
  deployedFunctionName,
  secretsOf,
} from '../../contract/names.ts';
import type { ManagedKeyDefinition, ManagedKeyPolicy } from '../../contract/policy.ts';
import { hasPool, postedChannels, type PostedChannel } from '../../contract/registry.ts';
import { dayMs } from '../../lambda/foundation/clock.ts';
import type { LocalAnthropic } from '../anthropic/server.ts';
import type { LocalAws } from '../aws/server.ts';
import { localChannels, type Receiver } from '../receivers.ts';
import { guard, secretPolicies, type RoleOf } from '../secret-policies.ts';

/** A managed key as deployed, with what the stack's outputs say of it. */
export interface DeployedKey extends ManagedKeyDefinition {
  readonly secretArn: string;
  /** Empty where its strategy has no pool. */
  readonly standbySecretArn: string;
}

/** The stack that all of it was deployed as. */
export const stackName = 'keyguard';

interface Clients {
  readonly secrets: SecretsManagerClient;
  readonly sns: SNSClient;
  readonly dynamo: DynamoDBClient;
}

interface Servers {
  readonly aws: LocalAws;
  readonly anthropic: LocalAnthropic;
  readonly receivers: Receivers;
}

export type Receivers = Readonly<Record<PostedChannel, Receiver>>;

export async function startReceivers(): Promise<Receivers> {
  const started = await Promise.all(postedChannels.map(async (kind) => [kind, await localChannels[kind].start()] as const));
  return Object.fromEntries(started) as Receivers;
}

export async function install(
  options: { readonly adminAccess?: AdminAccess['kind']; readonly emails: readonly string[] },
  { aws, anthropic, receivers }: Servers,
  clients: Clients,
  adminValues: string[],
): Promise<InstallationDefinition> {
  const name = 'keyguard';
  await clients.dynamo.send(
    new CreateTableCommand({
      TableName: `${name}-state`,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  const alertTopicArn = await topic(alertTopicName(name), options.emails, aws, clients);
  const alarmTopicArn = await topic(alarmTopicName(name), options.emails, aws, clients);
  const channelSecrets = new Map(postedChannels.map((kind) => [kind, channelSecretName(name, kind)]));
  for (const [kind, secretName] of channelSecrets) {
    await emptySecret(clients, secretName);
    await guard(secretName, secretPolicies.channel(roleOf(name)), clients.secrets);
    await clients.secrets.send(new PutSecretValueCommand({ SecretId: secretName, SecretString: receivers[kind].credential }));
  }
  return {
    installation: name,
    anthropicBaseUrl: anthropic.baseUrl,
    organizationId: anthropic.organization.id,
    adminAccess: await adminAccessOf(options.adminAccess ?? 'key', aws, anthropic, clients, name, adminValues),
    stateTable: `${name}-state`,
    alertTopicArn,
    alarmTopicArn,
    channelSecrets,
    dashboardUrl: 'https://console.example.com/cloudwatch/keyguard',
    functions: {
      rotation: deployedFunctionName(name, 'rotation'),
      retirement: deployedFunctionName(name, 'retirement'),
      notifier: deployedFunctionName(name, 'notifier'),
    },
  };
}

/** A topic with these addresses, each of which has confirmed. */
async function topic(name: string, emails: readonly string[], aws: LocalAws, clients: Clients): Promise<string> {
  const { TopicArn = '' } = await clients.sns.send(new CreateTopicCommand({ Name: name }));
  for (const email of emails) {
    await clients.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: email }));
    aws.mailbox.confirm(email);
  }
  return TopicArn;
}

async function adminAccessOf(
  kind: 'key' | 'federation',
  aws: LocalAws,
  anthropic: LocalAnthropic,
  clients: Clients,
  name: string,
  adminValues: string[],
): Promise<AdminAccess> {
  if (kind === 'key') {
    const secretName = adminKeySecretName(name);
    await emptySecret(clients, secretName);
    await guard(secretName, secretPolicies.adminKey(roleOf(name)), clients.secrets);
    const { value } = anthropic.console.createAdminKey();
    adminValues.push(value);
    await clients.secrets.send(new PutSecretValueCommand({ SecretId: secretName, SecretString: value }));
    return { kind: 'key', secretName };
  }
  const audience = 'https://api.anthropic.com';
  const issuer = anthropic.console.registerIssuer({ issuerUrl: aws.identity.issuer() });
  const account = anthropic.console.createServiceAccount({ name: 'keyguard', organizationRole: 'admin' });
  const rule = anthropic.console.createFederationRule({
    issuerId: issuer.id,
    serviceAccountId: account.id,
    oauthScope: 'org:admin',
    subjectPrefix: aws.identity.roleArn(),
    audience,
    tokenLifetimeSeconds: 600,
  });
  return { kind: 'federation', federationRuleId: rule.id, serviceAccountId: account.id, audience };
}

export async function installKey(
  policy: ManagedKeyPolicy,
  { installation }: InstallationDefinition,
  rotationFunctionArn: string,
  aws: LocalAws,
  clients: Clients,
): Promise<DeployedKey> {
  const names = secretsOf(installation, policy.name);
  const definition: DeployedKey = {
    ...policy,
    ...names,
    secretArn: await emptySecret(clients, names.secretName),
    standbySecretArn: hasPool(policy.rotation.strategy) ? await emptySecret(clients, names.standbySecretName) : '',
  };
  aws.ofStack(definition.secretArn, stackName);
  await guard(definition.secretArn, secretPolicies.consumers(roleOf(installation)), clients.secrets);
  if (definition.standbySecretArn !== '') {
    aws.ofStack(definition.standbySecretArn, stackName);
    await guard(definition.standbySecretArn, secretPolicies.standby(roleOf(installation)), clients.secrets);
  }
  // As the stack does: deploying must not rotate.
  await clients.secrets.send(
    new RotateSecretCommand({
      SecretId: definition.secretArn,
      RotationLambdaARN: rotationFunctionArn,
      RotationRules: { ScheduleExpression: `rate(${Math.round(definition.rotation.intervalMs / dayMs)} days)` },
      RotateImmediately: false,
    }),
  );
  return definition;
}

/** As the stack gives each function a role of its own. */
function roleOf(installation: string): RoleOf {
  return (name) => `arn:aws:iam::000000000000:role/${installation}-${name}`;
}

async function emptySecret(clients: Clients, name: string): Promise<string> {
  const { ARN } = await clients.secrets.send(new CreateSecretCommand({ Name: name }));
  return ARN ?? '';
}
