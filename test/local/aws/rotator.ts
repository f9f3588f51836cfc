import {
  CreateSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { RotationRulesType } from '@aws-sdk/client-secrets-manager';
import type { LocalAwsOptions } from '../../../local/aws/server.ts';
import { aws, token } from './clients.ts';
import type { Clients } from './clients.ts';

interface RotationEvent {
  readonly Step: string;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
  readonly RotationToken: string;
}

export interface Rotator extends Clients {
  readonly arn: string;
  readonly events: RotationEvent[];
  /** Runs before the honest step; a throw fails it. */
  sabotage: (step: string) => Promise<void> | void;
}

/** Where AWSPENDING is after a switch. */
export const ends = ['stays', 'removed'] as const;
type End = (typeof ends)[number];
/** The labels of a version that a rotation has just made current. */
export const rotatedLabels = (end: End): string[] => (end === 'stays' ? ['AWSPENDING', 'AWSCURRENT'] : ['AWSCURRENT']);

/** A secret whose function does what AWS's own template does. */
export async function withRotator(options: Partial<LocalAwsOptions> = {}): Promise<Rotator> {
  const clients = await aws(options);
  const events: RotationEvent[] = [];
  const rotator: Rotator = { ...clients, events, arn: '', sabotage: () => undefined };
  const arn = clients.aws.functions.register('rotator', async (event) => {
    const rotation = event as RotationEvent;
    events.push(rotation);
    await rotator.sabotage(rotation.Step);
    await honestStep(clients, rotation);
  });
  await clients.secrets.send(new CreateSecretCommand({ Name: 'key', ClientRequestToken: token('0'), SecretString: 'value 0' }));
  return Object.assign(rotator, { arn });
}

async function honestStep({ secrets }: Clients, event: RotationEvent): Promise<void> {
  const { SecretId, ClientRequestToken: version } = event;
  if (event.Step === 'createSecret') {
    await secrets.send(
      new PutSecretValueCommand({
        SecretId,
        ClientRequestToken: version,
        SecretString: `value of ${version}`,
        VersionStages: ['AWSPENDING'],
      }),
    );
  }
  if (event.Step === 'finishSecret') {
    const { VersionIdsToStages: stages = {} } = await secrets.send(new DescribeSecretCommand({ SecretId }));
    const current = Object.keys(stages).find((id) => stages[id]?.includes('AWSCURRENT'));
    if (current === version) return;
    await secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: version,
        ...(current === undefined ? {} : { RemoveFromVersionId: current }),
      }),
    );
  }
}

export const rotate = (rotator: Rotator, letter: string, more: { rules?: RotationRulesType; immediately?: boolean } = {}) =>
  rotator.secrets.send(
    new RotateSecretCommand({
      SecretId: 'key',
      RotationLambdaARN: rotator.arn,
      ClientRequestToken: token(letter),
      ...(more.rules === undefined ? {} : { RotationRules: more.rules }),
      ...(more.immediately === undefined ? {} : { RotateImmediately: more.immediately }),
    }),
  );
export const describeKey = (rotator: Rotator) => rotator.secrets.send(new DescribeSecretCommand({ SecretId: 'key' }));
export const labels = async (rotator: Rotator) => (await describeKey(rotator)).VersionIdsToStages;
export const steps = (rotator: Rotator) => rotator.events.map((event) => event.Step);
export const eventTypes = (rotator: Rotator) =>
  rotator.aws.inspect.secrets
    .events()
    .map((event) => event.type)
    .filter((type) => type !== 'Secret Label Updated');

/** The steps of a rotation that runs through. */
export const FOUR = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
