import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { heartbeatModel } from '../contract/heartbeat.ts';
import { heartbeatPartition } from '../contract/records.ts';
import { AppFunction } from './app-function.ts';
import { allowKeyThrough } from './encryption-key.ts';
import type { Installation } from './installation.ts';
import type { ManagedKey } from './managed-key.ts';

export interface HeartbeatProps {
  readonly installation: Installation;
  /** Its current key sends the requests. Nobody else may use it. */
  readonly managedKey: ManagedKey;
  /** @default the cheapest model */
  readonly model?: string;
}

/** The function that sends one smallest request an hour, so that the usage report shows that it moves. */
export class Heartbeat extends Construct {
  readonly beat: AppFunction;

  constructor(scope: Construct, id: string, props: HeartbeatProps) {
    super(scope, id);
    const { installation, managedKey, model = heartbeatModel } = props;
    installation.refuseStrangers(this, { managedKey });
    installation.beats({ managedKey: managedKey.configuration.name, model }, this);
    this.beat = new AppFunction(this, 'Beat', {
      name: 'heartbeat',
      description: 'Sends one smallest request an hour, so that the usage report shows that it moves',
      commons: installation.commons,
      timeout: Duration.seconds(60),
      // The next hour asks again: a key that is refused must not be tried three times as often.
      retryAttempts: 0,
    });
    this.beat.allow(
      new PolicyStatement({
        actions: ['secretsmanager:GetSecretValue'],
        resources: [managedKey.secret.secretArn],
        conditions: { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': 'AWSCURRENT' } },
      }),
    );
    // Whether it sends is known by what it notes: a report may only be said to stand still where a request of it was taken.
    installation.stateTable.grantPuts(this.beat, heartbeatPartition);
    allowKeyThrough('secretsmanager to read', installation.encryptionKey, this.beat);
  }
}
