import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Lazy, Stack } from 'aws-cdk-lib/core';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { installationParameter, keyDirectoryPath } from '../contract/installation.ts';
import type { InstallationDefinition } from '../contract/installation.ts';
import { AdminAccess } from './admin-access.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { AlertTopic } from './alert-topic.ts';
import type { AppFunction, AppFunctionCommons } from './app-function.ts';
import type { Configuration } from './config/schema.ts';
import { EmptySecret } from './empty-secret.ts';
import { EncryptionKey } from './encryption-key.ts';
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
  /** The secret to fill with Slack's webhook address after the deployment; none without Slack. */
  readonly slackWebhookSecret: EmptySecret | undefined;
  /** SSM path under which the definitions of the managed keys lie; no slash at its end. */
  readonly keyDirectory: string;
  readonly dashboardName: string;
  readonly dashboardUrl: string;
  readonly commons: AppFunctionCommons;
  #operated: { readonly rotation: AppFunction; readonly retirement: AppFunction } | undefined;
  #notifier: AppFunction | undefined;

  constructor(scope: Construct, id: string, props: InstallationProps) {
    super(scope, id);
    const { installation, anthropic, alerts, detection, logRetentionDays } = props.configuration;
    const { region } = Stack.of(this);
    this.installationName = installation;
    const encryptionKey = new EncryptionKey(this, 'EncryptionKey', { installation }).key;
    this.encryptionKey = encryptionKey;
    this.stateTable = new StateTable(this, 'State', { encryptionKey });
    this.alertTopic = new AlertTopic(this, 'Alerts', { encryptionKey, emails: alerts.emails });
    this.alarmTopic = new AlarmTopic(this, 'Alarms', { encryptionKey, emails: alerts.emails });
    this.adminAccess = new AdminAccess(this, 'AdminAccess', { access: anthropic.adminAccess, encryptionKey });
    if (alerts.slack !== undefined) {
      const description = "Address of Slack's incoming webhook: fill it by hand";
      this.slackWebhookSecret = new EmptySecret(this, 'SlackWebhook', { encryptionKey, description });
    }
    this.keyDirectory = keyDirectoryPath(installation);
    // Chosen, not generated: functions name it, and it shows their metrics. Dashboards of all Regions share one list.
    this.dashboardName = `${installation}-${region}`;
    this.dashboardUrl = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards/dashboard/${this.dashboardName}`;
    this.commons = {
      installation,
      encryptionKey,
      logRetention: retentionOf(logRetentionDays),
      alarmTopic: this.alarmTopic.topic,
      variables: {
        anthropicBaseUrl: anthropic.baseUrl,
        organizationId: anthropic.organizationId,
        adminAccess: Stack.of(this).toJsonString(this.adminAccess.definition),
        keyDirectory: this.keyDirectory,
        stateTable: this.stateTable.table.tableName,
        alertTopic: this.alertTopic.topic.topicArn,
        installation,
        falseAlarmsPerMonth: String(detection.falseAlarmsPerMonth),
        dashboardUrl: this.dashboardUrl,
        ...(this.slackWebhookSecret === undefined ? {} : { slackWebhookSecret: this.slackWebhookSecret.secretArn }),
      },
    };
    new StringParameter(this, 'Definition', {
      parameterName: installationParameter(installation),
      description: 'What the keyguard command needs to know of this installation',
      // Lazy: the functions are made after this.
      stringValue: Lazy.string({ produce: () => Stack.of(this).toJsonString(this.#definition(anthropic)) }),
    });
  }

  /** Tells operators' tools which functions they may ask for something. */
  operatedThrough(functions: { readonly rotation: AppFunction; readonly retirement: AppFunction }): void {
    this.#operated = functions;
  }

  /** Tells operators' tools which function carries alerts to the channels. */
  notifiedThrough(notifier: AppFunction): void {
    this.#notifier = notifier;
  }

  /** Lets `grantee` list the definitions of the managed keys. */
  grantKeyDirectory(grantee: IGrantable): void {
    const resource = Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName: this.keyDirectory.slice(1) });
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['ssm:GetParametersByPath'], resources: [resource] }));
  }

  /** What every function but the notifier needs: who the keys are, what became of them, and Anthropic's Admin API. */
  grantBasics(fn: AppFunction, itemActions: readonly ItemAction[]): void {
    this.grantKeyDirectory(fn);
    this.stateTable.grantItems(fn, itemActions);
    this.adminAccess.grantUse(fn);
  }

  #definition(anthropic: Configuration['anthropic']): InstallationDefinition {
    return {
      schema: 1,
      installation: this.installationName,
      anthropicBaseUrl: anthropic.baseUrl,
      organizationId: anthropic.organizationId,
      adminAccess: this.adminAccess.definition,
      stateTable: this.stateTable.table.tableName,
      alertTopicArn: this.alertTopic.topic.topicArn,
      alarmTopicArn: this.alarmTopic.topic.topicArn,
      slackWebhookSecretArn: this.slackWebhookSecret?.secretArn ?? '',
      dashboardUrl: this.dashboardUrl,
      functions: {
        rotation: this.#operated?.rotation.function.functionName ?? '',
        retirement: this.#operated?.retirement.function.functionName ?? '',
        ...(this.#notifier === undefined ? {} : { notifier: this.#notifier.function.functionName }),
      },
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
