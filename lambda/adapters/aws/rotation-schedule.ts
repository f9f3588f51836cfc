import {
  CancelRotateSecretCommand,
  DescribeSecretCommand,
  InvalidRequestException,
  RotateSecretCommand,
  type RotationRulesType,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { counted } from '../../foundation/counted.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import type { RotationSchedule } from '../../rotation/commands/ports.ts';
import { awsCall } from './calls.ts';

export function rotationSchedule(client: SecretsManagerClient): RotationSchedule {
  return {
    async stop(secretId) {
      await awsCall('secretsmanager:CancelRotateSecret', () => client.send(new CancelRotateSecretCommand({ SecretId: secretId })));
    },
    async enable(secretId, from, token) {
      const { RotationLambdaARN, RotationRules } = await awsCall('secretsmanager:DescribeSecret', () =>
        client.send(new DescribeSecretCommand({ SecretId: secretId })),
      );
      if (RotationLambdaARN === undefined || RotationRules === undefined) {
        throw new KeyguardError('no-schedule', `${secretId} has no rotation schedule to go on with`, 'deploy again: npx cdk deploy');
      }
      try {
        await awsCall(
          'secretsmanager:RotateSecret',
          () =>
            client.send(
              new RotateSecretCommand({
                SecretId: secretId,
                RotationLambdaARN,
                RotationRules: settable(RotationRules),
                RotateImmediately: from === 'now on',
                ...(token === undefined ? {} : { ClientRequestToken: token }),
              }),
            ),
          // "A previous rotation isn't complete. That rotation will be reattempted."
          (error) => (error instanceof InvalidRequestException && /previous rotation/i.test(error.message) ? new Unfinished() : undefined),
        );
        return 'on';
      } catch (error) {
        if (error instanceof Unfinished) return 'unfinished';
        throw error;
      }
    },
  };
}

/** What Secrets Manager has of a secret's schedule and copies. */
export interface SecretSettings {
  /** `rate(30 days)` or a cron expression; absent where rotation was never configured. */
  readonly schedule?: string;
  readonly window?: string;
  /** The function that it calls to rotate. */
  readonly rotatedBy?: string;
  /** The other Regions that it copies the secret to. */
  readonly regions: readonly string[];
}

export async function secretSettings(client: SecretsManagerClient, secretName: string): Promise<SecretSettings> {
  const { RotationRules, RotationLambdaARN, ReplicationStatus } = await awsCall('secretsmanager:DescribeSecret', () =>
    client.send(new DescribeSecretCommand({ SecretId: secretName })),
  );
  const { ScheduleExpression, AutomaticallyAfterDays: days, Duration } = RotationRules ?? {};
  const schedule = ScheduleExpression ?? (days === undefined ? undefined : `rate(${counted(days, 'day')})`);
  return {
    ...(schedule === undefined ? {} : { schedule }),
    ...(Duration === undefined ? {} : { window: Duration }),
    ...(RotationLambdaARN === undefined ? {} : { rotatedBy: RotationLambdaARN }),
    regions: (ReplicationStatus ?? []).flatMap(({ Region }) => (Region === undefined ? [] : [Region])),
  };
}

class Unfinished extends Error {}

/** Described rules show the days of an expression too, and both at once are refused (API_RotationRulesType). */
function settable({ AutomaticallyAfterDays: days, Duration, ScheduleExpression }: RotationRulesType): RotationRulesType {
  return {
    ...(ScheduleExpression === undefined ? { ...(days === undefined ? {} : { AutomaticallyAfterDays: days }) } : { ScheduleExpression }),
    ...(Duration === undefined ? {} : { Duration }),
  };
}
