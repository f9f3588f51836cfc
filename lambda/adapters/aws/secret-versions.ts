import type { DescribeSecretCommandOutput, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceNotFoundException,
  RotateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { KeyguardError } from '../../foundation/errors.ts';
import { Secret } from '../../foundation/secret.ts';
import type { Rotations } from '../../incidents/ports.ts';
import type { SecretVersions, StandbyStore, VersionStages } from '../../rotation/ports.ts';
import { awsCall } from './calls.ts';

/** The staging label of a standby key's version. */
const standbyLabel = (apiKeyId: string): string => `standby-${apiKeyId}`;

export function secretVersions(client: SecretsManagerClient): SecretVersions {
  return {
    async describe(secretArn) {
      const answer = await describeSecret(client, secretArn);
      return { rotationEnabled: answer.RotationEnabled === true, stages: stagesOf(answer) };
    },
    read: (secretArn, versionId) => readVersion(client, secretArn, versionId),
    async putPending(secretArn, token, value) {
      await awsCall('secretsmanager:PutSecretValue', () =>
        client.send(
          new PutSecretValueCommand({
            SecretId: secretArn,
            ClientRequestToken: token,
            SecretString: value.reveal(),
            // Without the label AWSCURRENT would move at once, unproven.
            VersionStages: ['AWSPENDING'],
          }),
        ),
      );
    },
    async promote(secretArn, to, from) {
      await awsCall('secretsmanager:UpdateSecretVersionStage', () =>
        client.send(
          new UpdateSecretVersionStageCommand({
            SecretId: secretArn,
            VersionStage: 'AWSCURRENT',
            MoveToVersionId: to,
            ...(from === undefined ? {} : { RemoveFromVersionId: from }),
          }),
        ),
      );
    },
    async freeStandbyLabels(standbySecretArn, apiKeyIds) {
      const labels = new Set([...apiKeyIds].map(standbyLabel));
      for (const [versionId, own] of stagesOf(await describeSecret(client, standbySecretArn))) {
        for (const label of own.filter((each) => labels.has(each))) {
          await awsCall('secretsmanager:UpdateSecretVersionStage', () =>
            client.send(
              new UpdateSecretVersionStageCommand({ SecretId: standbySecretArn, VersionStage: label, RemoveFromVersionId: versionId }),
            ),
          );
        }
      }
    },
  };
}

async function describeSecret(client: SecretsManagerClient, secretArn: string): Promise<DescribeSecretCommandOutput> {
  return awsCall(
    'secretsmanager:DescribeSecret',
    () => client.send(new DescribeSecretCommand({ SecretId: secretArn })),
    (error) =>
      error instanceof ResourceNotFoundException
        ? new KeyguardError('secret-not-found', `no secret ${secretArn}`, 'deploy again: the stack owns this secret')
        : undefined,
  );
}

function stagesOf(answer: DescribeSecretCommandOutput): VersionStages['stages'] {
  return new Map(Object.entries(answer.VersionIdsToStages ?? {}));
}

/** A secret's value as it is now, by label AWSCURRENT; `absent` for one that was never filled. */
export async function readCurrent(client: SecretsManagerClient, secretArn: string): Promise<Secret | 'absent'> {
  return readVersion(client, secretArn, undefined);
}

async function readVersion(client: SecretsManagerClient, secretArn: string, versionId: string | undefined): Promise<Secret | 'absent'> {
  try {
    const { SecretString } = await awsCall(
      'secretsmanager:GetSecretValue',
      () =>
        // By version id: a read by label misses between the steps (github.com/aws/aws-sdk-js-v3/issues/7701).
        client.send(new GetSecretValueCommand({ SecretId: secretArn, ...(versionId === undefined ? {} : { VersionId: versionId }) })),
      // The token is registered before it has a value.
      (error) => (error instanceof ResourceNotFoundException ? new Absent() : undefined),
    );
    return SecretString === undefined || SecretString === '' ? 'absent' : new Secret(SecretString);
  } catch (error) {
    if (error instanceof Absent) return 'absent';
    throw error;
  }
}

class Absent extends Error {}

/** Stores a credential that a person typed: an admin key, a webhook URL. It becomes AWSCURRENT. */
export async function storeCurrent(client: SecretsManagerClient, secretArn: string, value: Secret): Promise<void> {
  await awsCall('secretsmanager:PutSecretValue', () =>
    client.send(new PutSecretValueCommand({ SecretId: secretArn, SecretString: value.reveal() })),
  );
}

/** What Secrets Manager knows of a secret's rotation. Instants are epoch ms, UTC. */
export async function readSchedule(
  client: SecretsManagerClient,
  secretArn: string,
): Promise<{ readonly nextRotationAt: number | null; readonly lastRotatedAt: number | null; readonly stages: VersionStages['stages'] }> {
  const answer = await describeSecret(client, secretArn);
  return {
    nextRotationAt: answer.NextRotationDate?.getTime() ?? null,
    lastRotatedAt: answer.LastRotatedDate?.getTime() ?? null,
    stages: stagesOf(answer),
  };
}

/** One version and one staging label of its own per standby key: intake needs no right to read, and nobody overwrites anybody. */
export function standbyStore(client: SecretsManagerClient): StandbyStore {
  return {
    async put(secretArn, apiKeyId, value) {
      const { VersionId } = await awsCall(
        'secretsmanager:PutSecretValue',
        () =>
          client.send(
            new PutSecretValueCommand({ SecretId: secretArn, SecretString: value.reveal(), VersionStages: [standbyLabel(apiKeyId)] }),
          ),
        (error) =>
          error.name === 'LimitExceededException'
            ? new KeyguardError(
                'pool-full',
                'the standby secret carries as many keys as Secrets Manager allows (20 labels)',
                'use some of them first: npx keyguard standby list',
              )
            : undefined,
      );
      if (VersionId !== undefined) return VersionId;
      throw new KeyguardError('aws-refused', 'secretsmanager:PutSecretValue gave no version id', 'try again');
    },
  };
}

export function rotations(client: SecretsManagerClient): Rotations {
  return {
    async start(secretArn) {
      try {
        await awsCall(
          'secretsmanager:RotateSecret',
          () => client.send(new RotateSecretCommand({ SecretId: secretArn })),
          // "A previous rotation isn't complete. That rotation will be reattempted."
          (error) => (error instanceof InvalidRequestException && /previous rotation/i.test(error.message) ? new Running() : undefined),
        );
        return 'started';
      } catch (error) {
        if (error instanceof Running) return 'running';
        throw error;
      }
    },
  };
}

class Running extends Error {}
