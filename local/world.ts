import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { credentialVariablesOf, environmentOf, variables, type AdminAccess, type VariableName } from '../contract/environment.ts';
import { alarmNamesOf } from '../contract/alarms.ts';
import { functionsOf, heartbeatModel } from '../contract/heartbeat.ts';
import type { InstallationDefinition } from '../contract/installation.ts';
import {
  adminKeySecretName,
  channelSecretName,
  alarmTopicName,
  alertTopicName,
  deployedFunctionName,
  secretsOf,
} from '../contract/names.ts';
import type { ApiKeyRecord } from '../contract/records.ts';
import { apiKeyStates } from '../contract/records.ts';
import {
  channels,
  functions as deployedFunctions,
  isScheduled,
  postedChannels,
  type FunctionName,
  type PostedChannel,
} from '../contract/registry.ts';
import type { ContainmentPolicy, Definitions, ManagedKeyDefinition, ManagedKeyPolicy, RotationPolicy } from '../contract/policy.ts';
import { onboardPorts } from '../lambda/adapters/assemble.ts';
import { openTable } from '../lambda/adapters/aws/table.ts';
import { anomalyDetectorHandler } from '../lambda/anomaly-detector.ts';
import { dayMs, floorTo, hourMs, minuteMs } from '../lambda/foundation/clock.ts';
import { jsonLog } from '../lambda/foundation/log.ts';
import { onFirstCall } from '../lambda/foundation/once.ts';
import type { Runtime } from '../lambda/foundation/runtime.ts';
import { Secret } from '../lambda/foundation/secret.ts';
import { heartbeatHandler } from '../lambda/heartbeat.ts';
import { notifierHandler } from '../lambda/notifier.ts';
import { retirementHandler } from '../lambda/retirement.ts';
import { rotationHandler } from '../lambda/rotation.ts';
import { onboardStandbyKey } from '../lambda/rotation/onboard.ts';
import { usageCollectorHandler } from '../lambda/usage-collector.ts';
import { definitionsDigest } from '../lib/config/definitions-digest.ts';
import { startLocalAnthropic, type LocalAnthropic, type LocalAnthropicOptions } from './anthropic/server.ts';
import { startLocalAws, type LocalAws, type LocalAwsOptions } from './aws/server.ts';
import type { FunctionOptions } from './aws/functions.ts';
import { guard, secretPolicies, type RoleOf } from './secret-policies.ts';
import { settableClock, type WorldClock } from './clock.ts';
import { localChannels, type Receiver } from './receivers.ts';

export interface WorldKey {
  readonly name: string;
  readonly rotation?: Partial<RotationPolicy>;
  readonly containment?: ContainmentPolicy;
}

export interface WorldOptions {
  readonly managedKeys: readonly WorldKey[];
  /** ISO 8601 UTC. @default a Monday */
  readonly start?: string;
  readonly seed?: number;
  /** @default 'key': federation's short tokens are renewed often when time runs fast */
  readonly adminAccess?: 'key' | 'federation';
  readonly emails?: readonly string[];
  readonly falseAlarmsPerMonth?: number;
  /** The managed key of a heartbeat. @default no heartbeat */
  readonly heartbeat?: string;
  readonly anthropic?: Omit<LocalAnthropicOptions, 'clock' | 'port' | 'seed'>;
  readonly aws?: Omit<LocalAwsOptions, 'clock' | 'port' | 'seed'>;
}

/** A managed key as deployed, with what the stack's outputs say of it. */
interface DeployedKey extends ManagedKeyDefinition {
  readonly secretArn: string;
  readonly standbySecretArn: string;
}

/** Both stand-ins with an installation in them: what `cdk deploy` makes, and the real handlers run on it. */
export interface World {
  readonly clock: WorldClock;
  readonly aws: LocalAws;
  readonly anthropic: LocalAnthropic;
  readonly slack: Receiver;
  /** Every channel that the notifier delivers to, Slack among them. */
  readonly receivers: Receivers;
  readonly installation: InstallationDefinition;
  readonly secrets: SecretsManagerClient;
  readonly definition: (name: string) => DeployedKey;
  /** What is deployed with the code of the functions. */
  readonly definitions: () => Definitions;
  /** As somebody takes a managed key out of keyguard.json and deploys: its schedule goes, and its secrets stay. */
  removes(name: string): Promise<void>;
  /** keyguard.json of this installation. */
  readonly configuration: () => object;
  /** A person makes a key in the Console and gives it to `keyguard standby add`. Returns its id and, for tests that look for leaks, its value. */
  addStandbyKey(name: string, options?: { readonly expiresAt?: number }): Promise<{ readonly apiKeyId: string; readonly value: string }>;
  /** Asks Secrets Manager to rotate now and lets it finish, whatever comes of it. */
  rotate(name: string): Promise<void>;
  /** The id of a key that was added here, by its value. */
  keyOf(value: string): string | undefined;
  /** What the functions logged, a JSON line each. */
  readonly logs: readonly string[];
  /** Every value that this world ever held: for tests that look for leaks. */
  values(): readonly string[];
  /** The API keys as the state table has them, read behind the product's back. */
  ledger(): readonly Pick<ApiKeyRecord, 'apiKeyId' | 'managedKey' | 'state' | 'since' | 'switchedAt'>[];
  /** What consumers read at this moment. */
  currentValue(name: string): Promise<string>;
  /** Lets time pass. Schedules fire every `beatMs` at the most; `eachMinute` acts first. */
  passes(ms: number, options?: { readonly beatMs?: number; readonly eachMinute?: (at: number) => Promise<void> | void }): Promise<void>;
  stop(): Promise<void>;
}

/** The stack that all of it was deployed as. */
const stackName = 'keyguard';

const defaultRotation: RotationPolicy = {
  strategy: 'pool',
  intervalMs: 30 * dayMs,
  minimumGraceMs: dayMs,
  quietMs: 6 * hourMs,
  maximumGraceMs: 7 * dayMs,
  atMaximum: 'wait',
  onDeath: 'rotate',
  undoMs: 7 * dayMs,
  maximumAgeMs: 38 * dayMs,
  lowWaterMs: 14 * dayMs,
};

/** Starts the world. Takes the process's AWS_ variables: one world a process at a time. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const clock = settableClock(options.start ?? '2026-09-07T00:00:00Z');
  const seed = options.seed ?? 1;
  const aws = await startLocalAws({ ownClients: 'handed-over', ...options.aws, clock, seed });
  const anthropic = await startLocalAnthropic({ ...options.anthropic, clock, seed });
  const receivers = await startReceivers();
  // The SDK's warning about this Node is for people who write programs, not for those who watch a demo.
  Object.assign(process.env, aws.environment, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
  const clients = { secrets: new SecretsManagerClient({}), sns: new SNSClient({}), dynamo: new DynamoDBClient({}) };

  const emails = options.emails ?? ['security@keyguard.internal'];
  const adminValues: string[] = [];
  const logs: string[] = [];
  const installation = await install({ ...options, emails }, { aws, anthropic, receivers }, clients, adminValues);
  const table = openTable(installation.stateTable);
  let definitions: Definitions = {
    schema: 1,
    installation: installation.installation,
    managedKeys: options.managedKeys.map((key) => policyOf(key, anthropic)),
    ...(options.heartbeat === undefined ? {} : { heartbeat: { managedKey: options.heartbeat, model: heartbeatModel } }),
  };
  const runtime = { clock, log: jsonLog((line) => logs.push(line)) };
  const deploy = (): Functions => registerFunctions(installation, definitions, options.falseAlarmsPerMonth ?? 1, aws, runtime);
  const functions = deploy();
  // Where several are due at once, those that run most often go first.
  const scheduled = functionsOf(definitions).filter(isScheduled);
  for (const name of scheduled.sort((a, b) => deployedFunctions[a].everyMs - deployedFunctions[b].everyMs))
    aws.schedules.add(name, deployedFunctions[name].everyMs, name);
  for (const name of alarmNamesOf(installation.installation, definitions))
    aws.alarms.put({ name, actions: [installation.alarmTopicArn], actionsEnabled: true });
  const deployed = new Map<string, DeployedKey>();
  await clients.sns.send(new SubscribeCommand({ TopicArn: installation.alertTopicArn, Protocol: 'lambda', Endpoint: functions.notifier }));
  for (const policy of definitions.managedKeys) {
    deployed.set(policy.name, await installKey(policy, installation, functions.rotation, aws, clients));
    await aws.settle();
  }
  const definitionOf = (name: string): DeployedKey => {
    const found = deployed.get(name);
    if (found === undefined) throw new RangeError(`no managed key ${name} in this world`);
    return found;
  };
  const ids = new Map<string, string>();
  const intake = onboardPorts(installation, [...deployed.values()], table, clients.secrets, clock);

  return {
    clock,
    aws,
    anthropic,
    slack: receivers['slack-webhook'],
    receivers,
    installation,
    secrets: clients.secrets,
    logs,
    definition: definitionOf,
    definitions: () => definitions,
    async removes(name) {
      const { secretName } = definitionOf(name);
      definitions = { ...definitions, managedKeys: definitions.managedKeys.filter((policy) => policy.name !== name) };
      deploy();
      await clients.secrets.send(new CancelRotateSecretCommand({ SecretId: secretName }));
    },
    configuration: () => configurationOf(installation, definitions, emails),
    async addStandbyKey(name, { expiresAt } = {}) {
      const definition = definitionOf(name);
      const { id, value } = anthropic.console.createApiKey({
        name: `${name}-${anthropic.inspect.keys().length + 1}`,
        workspaceId: definition.workspaceId,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      });
      ids.set(value, id);
      await onboardStandbyKey(definition, new Secret(value), { apiKeyId: id, by: 'operator' }, intake);
      return { apiKeyId: id, value };
    },
    keyOf: (value) => ids.get(value),
    values: () => [...ids.keys(), ...adminValues, ...Object.values(receivers).map(({ credential }) => credential)],
    ledger: () => ledgerIn(aws, installation.stateTable),
    async rotate(name) {
      await clients.secrets.send(new RotateSecretCommand({ SecretId: definitionOf(name).secretArn }));
      await aws.settle({ coalesce: true });
    },
    async currentValue(name) {
      const { SecretString } = await clients.secrets.send(new GetSecretValueCommand({ SecretId: definitionOf(name).secretArn }));
      return SecretString ?? '';
    },
    async passes(ms, { beatMs = minuteMs, eachMinute } = {}) {
      const end = clock.now() + ms;
      // A function that waits moves the clock, so a beat is a boundary that was passed, not an instant that was met.
      let beat = floorTo(clock.now(), beatMs);
      while (clock.now() < end) {
        clock.advance(Math.min(minuteMs, end - clock.now()));
        await eachMinute?.(clock.now());
        if (floorTo(clock.now(), beatMs) === beat && clock.now() < end) continue;
        await aws.settle({ coalesce: true });
        beat = floorTo(clock.now(), beatMs);
      }
    },
    async stop() {
      for (const client of Object.values(clients)) client.destroy();
      await Promise.all([aws.stop(), anthropic.stop(), ...Object.values(receivers).map((receiver) => receiver.stop())]);
      // What was killed in a call wakes when the servers go, and must not meet the next world.
      await aws.functions.killedHaveEnded();
    },
  };
}

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

type Receivers = Readonly<Record<PostedChannel, Receiver>>;

async function startReceivers(): Promise<Receivers> {
  const started = await Promise.all(postedChannels.map(async (kind) => [kind, await localChannels[kind].start()] as const));
  return Object.fromEntries(started) as Receivers;
}

async function install(
  options: WorldOptions & { readonly emails: readonly string[] },
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

function policyOf(key: WorldKey, anthropic: LocalAnthropic): ManagedKeyPolicy {
  return {
    name: key.name,
    workspaceId: anthropic.console.createWorkspace(key.name).id,
    rotation: { ...defaultRotation, ...key.rotation },
    containment: key.containment ?? { mode: 'auto', lastCredential: 'keep' },
  };
}

/** keyguard.json as somebody would have written it for this world. */
function configurationOf(
  { installation, ...known }: InstallationDefinition,
  { managedKeys, heartbeat }: Definitions,
  emails: readonly string[],
): object {
  const { organizationId, anthropicBaseUrl: baseUrl, adminAccess } = known;
  return {
    installation,
    anthropic: { organizationId, baseUrl, adminAccess: adminAccess.kind === 'key' ? { kind: 'key' } : adminAccess },
    managedKeys: managedKeys.map(({ rotation, ...key }) => ({
      ...key,
      rotation: {
        strategy: rotation.strategy,
        every: lengthOf(rotation.intervalMs),
        minimumGrace: lengthOf(rotation.minimumGraceMs),
        quiet: lengthOf(rotation.quietMs),
        maximumGrace: lengthOf(rotation.maximumGraceMs),
        atMaximum: rotation.atMaximum,
        undo: lengthOf(rotation.undoMs),
        maximumAge: lengthOf(rotation.maximumAgeMs),
        lowWater: lengthOf(rotation.lowWaterMs),
        onDeath: rotation.onDeath,
      },
    })),
    alerts: { emails, ...Object.fromEntries(postedChannels.map((kind) => [channels[kind].setting, localChannels[kind].setting])) },
    ...(heartbeat === undefined ? {} : { usage: { heartbeat } }),
  };
}

function lengthOf(ms: number): string {
  return ms % dayMs === 0 ? `${ms / dayMs}d` : `${ms / 1000}s`;
}

async function installKey(
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
    standbySecretArn: await emptySecret(clients, names.standbySecretName),
  };
  for (const arn of [definition.secretArn, definition.standbySecretArn]) aws.ofStack(arn, stackName);
  await guard(definition.secretArn, secretPolicies.consumers(roleOf(installation)), clients.secrets);
  await guard(definition.standbySecretArn, secretPolicies.standby(roleOf(installation)), clients.secrets);
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

/** ARNs of the functions that AWS itself calls, and of the others. */
type Functions = Readonly<Record<'rotation' | 'notifier', string>>;

function registerFunctions(
  installation: InstallationDefinition,
  definitions: Definitions,
  falseAlarmsPerMonth: number,
  aws: LocalAws,
  runtime: Runtime,
): Functions {
  const values: Readonly<Record<VariableName, string>> = {
    anthropicBaseUrl: installation.anthropicBaseUrl,
    organizationId: installation.organizationId,
    adminAccess: JSON.stringify(installation.adminAccess),
    stateTable: installation.stateTable,
    alertTopic: installation.alertTopicArn,
    installation: installation.installation,
    stackName,
    falseAlarmsPerMonth: String(falseAlarmsPerMonth),
    dashboardUrl: installation.dashboardUrl,
    definitionsDigest: definitionsDigest(definitions),
    ...credentialVariablesOf(installation.channelSecrets),
  };
  const environment = (name: FunctionName): Readonly<Record<string, string>> =>
    Object.fromEntries(environmentOf[name].map((variable) => [variables[variable], values[variable]]));
  const arns = functionsOf(definitions).map((name) => {
    const { handler, ...options } = localFunctions[name];
    const own = environment(name);
    const settings = { alias: name, environment: own, ...options };
    // As Lambda does: what a function holds is made when it is called for the first time.
    const onCall = onFirstCall(() => handler(own, runtime, definitions));
    return [name, aws.functions.register(deployedFunctionName(installation.installation, name), onCall, settings)];
  });
  return Object.fromEntries(arns) as Functions;
}

interface LocalFunction extends Pick<FunctionOptions, 'invokedBy' | 'retryAttempts'> {
  readonly handler: (
    environment: Readonly<Record<string, string>>,
    runtime: Runtime,
    definitions: Definitions,
  ) => (event: unknown) => Promise<unknown>;
}

/** The real handlers, set up as the stack sets them up. */
const localFunctions: Readonly<Record<FunctionName, LocalFunction>> = {
  rotation: { handler: rotationHandler, invokedBy: ['secretsmanager.amazonaws.com'] },
  retirement: { handler: retirementHandler },
  'usage-collector': { handler: usageCollectorHandler },
  'anomaly-detector': { handler: anomalyDetectorHandler },
  notifier: { handler: notifierHandler },
  heartbeat: { handler: heartbeatHandler, retryAttempts: 0 },
};

function ledgerIn(aws: LocalAws, table: string): ReturnType<World['ledger']> {
  return aws.inspect.tables.items(table).flatMap((item) => {
    if (item['pk']?.S !== 'API_KEY') return [];
    const state = apiKeyStates.find((known) => known === item['state']?.S);
    const [apiKeyId, managedKey, switchedAt] = [item['apiKeyId']?.S, item['managedKey']?.S, item['switchedAt']?.N];
    if (state === undefined || apiKeyId === undefined || managedKey === undefined) return [];
    return [
      {
        apiKeyId,
        managedKey,
        state,
        since: Number(item['since']?.N ?? 0),
        ...(switchedAt === undefined ? {} : { switchedAt: Number(switchedAt) }),
      },
    ];
  });
}
