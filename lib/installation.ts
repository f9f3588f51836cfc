import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Lazy, Stack, Token } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { credentialVariable } from '../contract/environment.ts';
import { alarmTopicName, alertTopicName, channelSecretsOf } from '../contract/names.ts';
import { pascalCase } from '../contract/outputs.ts';
import type { HeartbeatDefinition } from '../contract/heartbeat.ts';
import type { Definitions, ManagedKeyPolicy } from '../contract/policy.ts';
import { channels, storeCommand, type PostedChannel } from '../contract/registry.ts';
import { AdminAccess } from './admin-access.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { AlertTopic } from './alert-topic.ts';
import type { AppFunction, AppFunctionCommons } from './app-function.ts';
import { definitionsDigest } from './config/definitions-digest.ts';
import { checkedHeartbeat, checkedManagedKey } from './config/load.ts';
import { policyOf } from './config/policy.ts';
import type { Configuration, ManagedKeyConfiguration, ManagedKeyInput } from './config/schema.ts';
import { dashboardUrl } from './dashboard-url.ts';
import { EncryptionKey } from './encryption-key.ts';
import { GuardedSecret } from './guarded-secret.ts';
import { StateTable } from './state-table.ts';
import type { ItemAction } from './state-table.ts';

export interface InstallationProps {
  /** A checked configuration; its managed keys are not read here. */
  readonly configuration: Omit<Configuration, 'managedKeys'>;
}

/** What all capabilities of one installation share: key, table, topics, admin access, and how functions are made. */
export class Installation extends Construct {
  readonly installationName: string;
  readonly encryptionKey: IKey;
  readonly stateTable: StateTable;
  readonly alertTopic: AlertTopic;
  readonly alarmTopic: AlarmTopic;
  readonly adminAccess: AdminAccess;
  /** Of each channel that needs one and is turned on: the secret to fill after the deployment. */
  readonly channelSecrets: ReadonlyMap<PostedChannel, GuardedSecret>;
  readonly dashboardName: string;
  readonly dashboardUrl: string;
  readonly commons: AppFunctionCommons;
  readonly #managedKeys: ManagedKeyPolicy[] = [];
  readonly #timeZone: string;
  #heartbeat: HeartbeatDefinition | undefined;

  constructor(scope: Construct, id: string, props: InstallationProps) {
    super(scope, id);
    this.#refuseTwin(props.configuration.installation);
    const { installation, operators, anthropic, alerts, detection, logRetentionDays } = props.configuration;
    const { region, stackName } = Stack.of(this);
    this.installationName = installation;
    this.#timeZone = detection.timeZone;
    const encryptionKey = new EncryptionKey(this, 'EncryptionKey', { installation }).key;
    this.encryptionKey = encryptionKey;
    this.stateTable = new StateTable(this, 'State', { encryptionKey });
    this.alertTopic = new AlertTopic(this, 'Alerts', { topicName: alertTopicName(installation), encryptionKey, emails: alerts.emails });
    this.alarmTopic = new AlarmTopic(this, 'Alarms', { topicName: alarmTopicName(installation), encryptionKey, emails: alerts.emails });
    this.adminAccess = new AdminAccess(this, 'AdminAccess', { installation, access: anthropic.adminAccess, operators, encryptionKey });
    const channelSecrets = channelSecretsOf(installation, alerts);
    this.channelSecrets = new Map(
      [...channelSecrets].map(([kind, secretName]) => {
        const description = `${channels[kind].credential.description}: store it with ${storeCommand(kind)}`;
        return [kind, new GuardedSecret(this, pascalCase(kind), { secretName, operators, encryptionKey, description })];
      }),
    );
    // Chosen, not generated: functions name it, and it shows their metrics. Dashboards of all Regions share one list.
    this.dashboardName = `${installation}-${region}`;
    this.dashboardUrl = dashboardUrl(this, this.dashboardName);
    this.commons = {
      installation,
      encryptionKey,
      logRetention: retentionOf(logRetentionDays),
      alarmTopic: this.alarmTopic.topic,
      definitions: () => this.#definitions(),
      variables: {
        anthropicBaseUrl: anthropic.baseUrl,
        organizationId: anthropic.organizationId,
        adminAccess: JSON.stringify(this.adminAccess.definition),
        stateTable: this.stateTable.table.tableName,
        alertTopic: this.alertTopic.topic.topicArn,
        installation,
        stackName,
        falseAlarmsPerMonth: String(detection.falseAlarmsPerMonth),
        dashboardUrl: this.dashboardUrl,
        // Uncached, as the code: managed keys come after the functions that serve them.
        definitionsDigest: Lazy.uncachedString({ produce: () => definitionsDigest(this.#definitions()) }),
        ...Object.fromEntries([...channelSecrets].map(([kind, secretName]) => [credentialVariable(kind), secretName])),
      },
    };
  }

  /**
   * Takes a managed key into what each function's code is deployed with.
   *
   * @throws ConfigurationError for what keyguard.json could not say either.
   */
  manages(input: ManagedKeyInput, construct: Construct): ManagedKeyConfiguration {
    const { environment, region } = Stack.of(this);
    const where = construct.node.path;
    if (Stack.of(construct).environment !== environment) {
      throw new Error(`${where}: it lies in another Region or account than its installation ${this.node.path}: make one there, too`);
    }
    const key = checkedManagedKey(input, {
      where,
      taken: this.#managedKeys.map(({ name }) => name),
      homeRegion: Token.isUnresolved(region) ? undefined : region,
    });
    this.#managedKeys.push(policyOf(key));
    return key;
  }

  /**
   * Takes the heartbeat in likewise: one for an installation.
   *
   * @throws ConfigurationError for what keyguard.json could not say either.
   */
  beats(heartbeat: HeartbeatDefinition, construct: Construct): void {
    const where = construct.node.path;
    if (this.#heartbeat !== undefined) throw new Error(`${where}: ${this.node.path} has a heartbeat already: leave this one out`);
    this.#heartbeat = checkedHeartbeat(heartbeat, where);
  }

  /** Refuses to let `construct` be made of parts of several installations: no function would have a right to the other's. */
  refuseStrangers(construct: Construct, parts: Readonly<Record<string, { readonly installation: Installation }>>): void {
    const [stranger] = Object.entries(parts).find(([, { installation }]) => installation !== this) ?? [];
    if (stranger === undefined) return;
    throw new Error(`${construct.node.path}: ${stranger} is of another installation than ${this.node.path}: give the one of this`);
  }

  /** What the functions need that look after keys: what became of the keys, and Anthropic's Admin API. */
  grantBasics(fn: AppFunction, itemActions: readonly ItemAction[]): void {
    this.stateTable.grantItems(fn, itemActions);
    this.adminAccess.grantUse(fn);
  }

  /** Secrets, functions and topics have names that follow from the installation's, and a Region of an account has each name once. */
  #refuseTwin(name: string): void {
    const own = Stack.of(this);
    const twin = this.node.root.node.findAll().find((other) => {
      if (!(other instanceof Installation) || other === this || other.installationName !== name) return false;
      const stack = Stack.of(other);
      if (stack === own) return true;
      return stack.environment === own.environment && ![own.account, own.region].some((part) => Token.isUnresolved(part));
    });
    if (twin === undefined) return;
    throw new Error(
      `${this.node.path}: installation "${name}" is in this Region and account already, as ${twin.node.path}: give this one another name`,
    );
  }

  #definitions(): Definitions {
    return {
      schema: 1,
      installation: this.installationName,
      timeZone: this.#timeZone,
      managedKeys: this.#managedKeys,
      ...(this.#heartbeat === undefined ? {} : { heartbeat: this.#heartbeat }),
    };
  }
}

function retentionOf(days: number): RetentionDays {
  const retention = Object.values(RetentionDays)
    .filter((value) => typeof value !== 'string')
    .find((value) => value.valueOf() === days);
  if (retention === undefined) throw new Error(`logRetentionDays is ${days}: CloudWatch Logs offers no such retention, give 365`);
  return retention;
}
