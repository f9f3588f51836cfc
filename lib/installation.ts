import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { AdminAccess } from './admin-access.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { AlertTopic } from './alert-topic.ts';
import type { AppFunction, AppFunctionCommons } from './app-function.ts';
import type { Configuration } from './config/schema.ts';
import { EncryptionKey } from './encryption-key.ts';
import { StateTable } from './state-table.ts';

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
  /** SSM path under which the definitions of the managed keys lie; no slash at its end. */
  readonly keyDirectory: string;
  readonly dashboardName: string;
  readonly dashboardUrl: string;
  readonly commons: AppFunctionCommons;

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
    this.keyDirectory = `/${installation}/managed-keys`;
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
        adminAccess: this.adminAccess.variable,
        keyDirectory: this.keyDirectory,
        stateTable: this.stateTable.table.tableName,
        alertTopic: this.alertTopic.topic.topicArn,
        installation,
        falseAlarmsPerMonth: String(detection.falseAlarmsPerMonth),
        dashboardUrl: this.dashboardUrl,
      },
    };
  }

  /** Lets `grantee` list the definitions of the managed keys. */
  grantKeyDirectory(grantee: IGrantable): void {
    const resource = Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName: this.keyDirectory.slice(1) });
    grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['ssm:GetParametersByPath'], resources: [resource] }));
  }

  /** What every function but the notifier needs: who the keys are, what became of them, and Anthropic's Admin API. */
  grantBasics(fn: AppFunction): void {
    this.grantKeyDirectory(fn);
    this.stateTable.grantItems(fn);
    this.adminAccess.grantUse(fn);
  }
}

function retentionOf(days: number): RetentionDays {
  const retention = Object.values(RetentionDays)
    .filter((value) => typeof value !== 'string')
    .find((value) => value.valueOf() === days);
  if (retention === undefined) throw new Error(`logRetentionDays is ${days}: CloudWatch Logs offers no such retention, give 365`);
  return retention;
}
