import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { AppFunction } from './app-function.ts';
import type { Installation } from './installation.ts';
import type { Rotation } from './rotation.ts';
import { readsMetrics } from './usage.ts';

export interface DetectionProps {
  readonly installation: Installation;
  readonly rotation: Rotation;
}

/** The function that judges usage, opens incidents and, where a managed key's policy says so, contains. */
export class Detection extends Construct {
  readonly installation: Installation;
  readonly detector: AppFunction;

  constructor(scope: Construct, id: string, props: DetectionProps) {
    super(scope, id);
    const { installation, rotation } = props;
    installation.refuseStrangers(this, { rotation });
    this.installation = installation;
    this.detector = new AppFunction(this, 'Detector', {
      name: 'anomaly-detector',
      description: "Judges each managed key's usage, opens incidents and contains",
      commons: installation.commons,
      timeout: Duration.seconds(120),
    });
    installation.grantBasics(this.detector, ['GetItem', 'Query', 'PutItem', 'DeleteItem']);
    installation.alertTopic.grantPublish(this.detector);
    this.detector.allow(
      readsMetrics(),
      // RotateSecret asks whether its caller may call the rotation function.
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [rotation.rotation.function.functionArn] }),
    );
  }
}
