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
import { awsCall } from './calls.ts';

/** The rotation schedule of a secret, as an operator stops it and lets it go on. */
export interface RotationSchedule {
  /** Secrets Manager keeps function and rules. A rotation that is under way is broken off, and may leave AWSPENDING behind. */
  stop(secretArn: string): Promise<void>;
  /**
   * Turns the schedule on again with the function and the rules that Secrets Manager kept. `unfinished`: a rotation had not
   * ended, and is tried again. Throws KeyguardError `no-schedule` for a secret that never had one.
   */
  goOn(secretArn: string, from: 'now on' | 'the next window on', token?: string): Promise<'on' | 'unfinished'>;
}

export function rotationSchedule(client: SecretsManagerClient): RotationSchedule {
  return {
    async stop(secretArn) {
      await awsCall('secretsmanager:CancelRotateSecret', () => client.send(new CancelRotateSecretCommand({ SecretId: secretArn })));
    },
    async goOn(secretArn, from, token) {
      const { RotationLambdaARN, RotationRules } = await awsCall('secretsmanager:DescribeSecret', () =>
        client.send(new DescribeSecretCommand({ SecretId: secretArn })),
      );
      if (RotationLambdaARN === undefined || RotationRules === undefined) {
        throw new KeyguardError('no-schedule', `${secretArn} has no rotation schedule to go on with`, 'deploy again: npx cdk deploy');
      }
      try {
        await awsCall(
          'secretsmanager:RotateSecret',
          () =>
            client.send(
              new RotateSecretCommand({
                SecretId: secretArn,
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
