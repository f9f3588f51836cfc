import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { AppFunction } from './app-function.ts';
import type { Installation } from './installation.ts';

export interface RotationProps {
  readonly installation: Installation;
}

/** The function that Secrets Manager calls to rotate, and the one that later deactivates old keys. */
export class Rotation extends Construct {
  readonly installation: Installation;
  readonly rotation: AppFunction;
  readonly retirement: AppFunction;
  /** Secrets Manager's right to call the rotation function: a rotation schedule must wait for it. */
  readonly invokePermission: CfnPermission;

  constructor(scope: Construct, id: string, props: RotationProps) {
    super(scope, id);
    const { installation } = props;
    this.installation = installation;
    const { commons, alertTopic } = installation;
    this.rotation = new AppFunction(this, 'Rotation', {
      name: 'rotation',
      description: 'Claims a standby key, proves it and switches to it; called by Secrets Manager',
      commons,
      timeout: Duration.minutes(5),
    });
    this.retirement = new AppFunction(this, 'Retirement', {
      name: 'retirement',
      description: 'Makes old keys inactive once their grace is over by evidence, and archives them later',
      commons,
      timeout: Duration.minutes(5),
    });
    for (const fn of [this.rotation, this.retirement]) {
      installation.grantBasics(fn, ['GetItem', 'Query', 'PutItem', 'DeleteItem']);
      alertTopic.grantPublish(fn);
    }
    // RotateSecret asks whether its caller may call the rotation function.
    this.retirement.allow(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [this.rotation.function.functionArn] }));
    // By hand: the permission of the ready-made schedule names no source account, and one for each secret would outgrow
    // the 20 KB of a function's policy.
    this.invokePermission = new CfnPermission(this, 'SecretsManagerMayRotate', {
      action: 'lambda:InvokeFunction',
      functionName: this.rotation.function.functionArn,
      principal: 'secretsmanager.amazonaws.com',
      sourceAccount: Stack.of(this).account,
    });
  }
}
