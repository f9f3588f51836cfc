import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CancelRotateSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { alarmNamesOf } from '../contract/alarms.ts';
import { functionsOf, heartbeatModel } from '../contract/heartbeat.ts';
import type { InstallationDefinition } from '../contract/installation.ts';
import type { ContainmentPolicy, Definitions, ExpectedUsagePlan, ManagedKeyPolicy, RotationPolicy } from '../contract/policy.ts';
import { functions as deployedFunctions, isScheduled } from '../contract/registry.ts';
import { onboardPorts } from '../lambda/adapters/assemble.ts';
import { openTable } from '../lambda/adapters/aws/table.ts';
import { dayMs, floorTo, hourMs, minuteMs } from '../lambda/foundation/clock.ts';
import { jsonLog } from '../lambda/foundation/log.ts';
import { Secret } from '../lambda/foundation/secret.ts';
import { onboardStandbyKey } from '../lambda/rotation/onboard.ts';
import { startLocalAnthropic, type LocalAnthropic, type LocalAnthropicOptions } from './anthropic/server.ts';
import { startLocalAws, type LocalAws, type LocalAwsOptions } from './aws/server.ts';
import { settableClock, type WorldClock } from './clock.ts';
import type { Receiver } from './receivers.ts';
import { configurationOf } from './world/configuration.ts';
import { registerFunctions, type Functions } from './world/functions.ts';
import { install, installKey, startReceivers, type DeployedKey, type Receivers } from './world/install.ts';
import { ledgerIn, type LedgerRow } from './world/ledger.ts';

export interface WorldKey {
  readonly name: string;
  readonly rotation?: Partial<RotationPolicy>;
  readonly containment?: ContainmentPolicy;
  readonly expectedUsage?: readonly ExpectedUsagePlan[];
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
  /** IANA name. @default UTC */
  readonly timeZone?: string;
  /** The managed key of a heartbeat. @default no heartbeat */
  readonly heartbeat?: string;
  readonly anthropic?: Omit<LocalAnthropicOptions, 'clock' | 'port' | 'seed'>;
  readonly aws?: Omit<LocalAwsOptions, 'clock' | 'port' | 'seed'>;
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
  ledger(): readonly LedgerRow[];
  /** What consumers read at this moment. */
  currentValue(name: string): Promise<string>;
  /** Lets time pass. Schedules fire every `beatMs` at the most; `eachMinute` acts first. */
  passes(ms: number, options?: { readonly beatMs?: number; readonly eachMinute?: (at: number) => Promise<void> | void }): Promise<void>;
  stop(): Promise<void>;
}

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
    timeZone: options.timeZone ?? 'UTC',
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

function policyOf(key: WorldKey, anthropic: LocalAnthropic): ManagedKeyPolicy {
  return {
    name: key.name,
    workspaceId: anthropic.console.createWorkspace(key.name).id,
    rotation: { ...defaultRotation, ...key.rotation },
    containment: key.containment ?? { mode: 'auto', lastCredential: 'keep' },
    ...(key.expectedUsage === undefined ? {} : { expectedUsage: key.expectedUsage }),
  };
}
