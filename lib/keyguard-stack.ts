import { CfnOutput, Stack } from 'aws-cdk-lib/core';
import type { StackProps } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { channelOutput, functionOutput, managedKeyOutputs, outputNames, pascalCase } from '../contract/outputs.ts';
import { functionNames, hasPool, type FunctionName } from '../contract/registry.ts';
import type { AppFunction } from './app-function.ts';
import type { Configuration } from './config/schema.ts';
import { Dashboard } from './dashboard.ts';
import { Detection } from './detection.ts';
import { Heartbeat } from './heartbeat.ts';
import { Incidents } from './incidents.ts';
import { Installation } from './installation.ts';
import { ManagedKey } from './managed-key.ts';
import { Rotation } from './rotation.ts';
import { Usage } from './usage.ts';

export interface KeyguardStackProps extends StackProps {
  /** As `loadConfiguration` returns it: checked, with its defaults. */
  readonly configuration: Configuration;
}

/** One installation of Anthropic Key Guard. Its outputs name all that an operator touches. */
export class KeyguardStack extends Stack {
  constructor(scope: Construct, id: string, props: KeyguardStackProps) {
    const { configuration, ...stackProps } = props;
    super(scope, id, { description: 'Anthropic Key Guard: stores, rotates, watches and cuts off Anthropic API keys', ...stackProps });
    const installation = new Installation(this, 'Installation', { configuration });
    const incidents = new Incidents(this, 'Incidents', { installation });
    const rotation = new Rotation(this, 'Rotation', { installation });
    const usage = new Usage(this, 'Usage', { installation });
    const detection = new Detection(this, 'Detection', { installation, rotation });
    // In a scope of their own, so that a managed key may have any name.
    const scopeOfKeys = new Construct(this, 'ManagedKeys');
    const managedKeys = configuration.managedKeys.map(
      (key) => new ManagedKey(scopeOfKeys, pascalCase(key.name), { ...key, installation, rotatedBy: rotation, watchedBy: detection }),
    );
    const { heartbeat } = configuration.usage;
    const beating = managedKeys.find((key) => key.configuration.name === heartbeat?.managedKey);
    const functions: Readonly<Record<FunctionName, AppFunction | undefined>> = {
      rotation: rotation.rotation,
      retirement: rotation.retirement,
      'usage-collector': usage.collector,
      'anomaly-detector': detection.detector,
      notifier: incidents.notifier,
      heartbeat:
        heartbeat === undefined || beating === undefined
          ? undefined
          : new Heartbeat(this, 'Heartbeat', { installation, managedKey: beating, model: heartbeat.model }).beat,
    };
    const deployed = functionNames.flatMap((name) => {
      const fn = functions[name];
      return fn === undefined ? [] : [{ name, fn }];
    });
    new Dashboard(this, 'Dashboard', { installation, managedKeys, functions: deployed.map(({ fn }) => fn) });
    for (const { name, fn } of deployed) new CfnOutput(this, functionOutput(name), { value: fn.function.functionName });

    const outputs: Record<keyof typeof outputNames, string | undefined> = {
      alertTopic: installation.alertTopic.topic.topicArn,
      stateTable: installation.stateTable.table.tableName,
      dashboardUrl: installation.dashboardUrl,
      encryptionKey: installation.encryptionKey.keyArn,
      adminKeySecret: installation.adminAccess.secret?.secretArn,
    };
    const names: ReadonlyMap<string, string> = new Map(Object.entries(outputNames));
    for (const [key, value] of Object.entries(outputs)) if (value !== undefined) new CfnOutput(this, names.get(key) ?? key, { value });
    for (const [kind, { secretArn }] of installation.channelSecrets) new CfnOutput(this, channelOutput(kind), { value: secretArn });
    for (const key of managedKeys) {
      const { name, rotation } = key.configuration;
      const keyOutputs = managedKeyOutputs(name);
      new CfnOutput(this, keyOutputs.secret, { value: key.secret.secretArn });
      if (hasPool(rotation.strategy)) new CfnOutput(this, keyOutputs.standbySecret, { value: key.standbySecret.secretArn });
    }
  }
}
