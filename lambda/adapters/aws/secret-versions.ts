import { createHash } from 'node:crypto';
import type { DescribeSecretCommandOutput, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  InvalidRequestException,
  paginateListSecretVersionIds,
  PutSecretValueCommand,
  ResourceNotFoundException,
  RotateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { mostStandbyKeys } from '../../../contract/policy.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import { Secret } from '../../foundation/secret.ts';
import { standbyLabel } from '../../rotation/ownership.ts';
import type { Replica, Rotations, SecretDescription, SecretVersions, StandbyStore } from '../../rotation/ports.ts';
import { awsCall, awsPages } from './calls.ts';

export function secretVersions(client: SecretsManagerClient): SecretVersions {
  return {
    describe: async (secretId) => descriptionOf(await describeSecret(client, secretId)),
    async registeredAt(secretId, versionId) {
      const ask = { SecretId: secretId };
      const pages = await awsPages('secretsmanager:ListSecretVersionIds', paginateListSecretVersionIds({ client }, ask));
      const versions = pages.flatMap(({ Versions = [] }) => Versions);
      return versions.find(({ VersionId }) => VersionId === versionId)?.CreatedDate?.getTime();
    },
    read: (secretId, versionId) => readVersion(client, secretId, versionId),
    async putPending(secretId, token, value) {
      await awsCall('secretsmanager:PutSecretValue', () =>
        client.send(
          new PutSecretValueCommand({
            SecretId: secretId,
            ClientRequestToken: token,
            SecretString: value.reveal(),
            // Without the label AWSCURRENT would move at once, unproven.
            VersionStages: ['AWSPENDING'],
          }),
        ),
      );
    },
    async promote(secretId, to, from) {
      const { $metadata } = await awsCall('secretsmanager:UpdateSecretVersionStage', () =>
        client.send(
          new UpdateSecretVersionStageCommand({
            SecretId: secretId,
            VersionStage: 'AWSCURRENT',
            MoveToVersionId: to,
            ...(from === undefined ? {} : { RemoveFromVersionId: from }),
          }),
        ),
      );
      return $metadata.requestId === undefined ? [] : [`aws ${$metadata.requestId}`];
    },
    discardPending: (secretId, versionId) => takeLabelOff(client, secretId, 'AWSPENDING', versionId),
    async freeStandbyLabels(standbySecretId, apiKeyIds) {
      const labels = new Set([...apiKeyIds].map(standbyLabel));
      for (const [versionId, own] of stagesOf(await describeSecret(client, standbySecretId))) {
        for (const label of own.filter((each) => labels.has(each))) await takeLabelOff(client, standbySecretId, label, versionId);
      }
    },
  };
}

async function describeSecret(client: SecretsManagerClient, secretId: string): Promise<DescribeSecretCommandOutput> {
  return awsCall(
    'secretsmanager:DescribeSecret',
    () => client.send(new DescribeSecretCommand({ SecretId: secretId })),
    (error) =>
      error instanceof ResourceNotFoundException
        ? new KeyguardError('secret-not-found', `no secret ${secretId}`, 'it was deleted for good: docs/faq.md says how to make it again')
        : undefined,
  );
}

/** A label that is not there any more is what was wanted. */
async function takeLabelOff(client: SecretsManagerClient, secretId: string, label: string, versionId: string): Promise<void> {
  if (
    !stagesOf(await describeSecret(client, secretId))
      .get(versionId)
      ?.includes(label)
  )
    return;
  await awsCall('secretsmanager:UpdateSecretVersionStage', () =>
    client.send(new UpdateSecretVersionStageCommand({ SecretId: secretId, VersionStage: label, RemoveFromVersionId: versionId })),
  );
}

function stagesOf(answer: DescribeSecretCommandOutput): SecretDescription['stages'] {
  return new Map(Object.entries(answer.VersionIdsToStages ?? {}));
}

function descriptionOf(answer: DescribeSecretCommandOutput): SecretDescription {
  return {
    rotationEnabled: answer.RotationEnabled === true,
    stages: stagesOf(answer),
    nextRotationAt: answer.NextRotationDate?.getTime() ?? null,
    lastRotatedAt: answer.LastRotatedDate?.getTime() ?? null,
    lastChangedAt: answer.LastChangedDate?.getTime() ?? null,
    replicas: (answer.ReplicationStatus ?? []).map(({ Region, Status, StatusMessage }) => ({
      region: Region ?? 'unknown',
      status: replicaStatuses.find((known) => known === Status) ?? 'unknown',
      message: StatusMessage ?? null,
    })),
    // Retained secrets keep it. docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
    stackName: (answer.Tags ?? []).find(({ Key }) => Key === 'aws:cloudformation:stack-name')?.Value ?? null,
    deletionAt: answer.DeletedDate?.getTime() ?? null,
  };
}

const replicaStatuses: readonly Replica['status'][] = ['InSync', 'InProgress', 'Failed'];

/** A secret's value as it is now, by label AWSCURRENT; `absent` for one that was never filled. */
export async function readCurrent(client: SecretsManagerClient, secretId: string): Promise<Secret | 'absent'> {
  return readVersion(client, secretId, undefined);
}

async function readVersion(client: SecretsManagerClient, secretId: string, versionId: string | undefined): Promise<Secret | 'absent'> {
  try {
    const { SecretString } = await awsCall(
      'secretsmanager:GetSecretValue',
      () =>
        client.send(
          new GetSecretValueCommand({
            SecretId: secretId,
            // By version id: a read by label misses between the steps (github.com/aws/aws-sdk-js-v3/issues/7701). The label is said: a
            // right to read may hold for that label alone.
            ...(versionId === undefined ? { VersionStage: 'AWSCURRENT' } : { VersionId: versionId }),
          }),
        ),
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
export async function storeCurrent(client: SecretsManagerClient, secretId: string, value: Secret): Promise<void> {
  await awsCall('secretsmanager:PutSecretValue', () =>
    client.send(new PutSecretValueCommand({ SecretId: secretId, SecretString: value.reveal() })),
  );
}

/** One version and one staging label of its own per standby key: intake needs no right to read, and nobody overwrites anybody. */
export function standbyStore(client: SecretsManagerClient): StandbyStore {
  return {
    async put(secretId, apiKeyId, value) {
      const { VersionId } = await awsCall(
        'secretsmanager:PutSecretValue',
        () =>
          client.send(
            new PutSecretValueCommand({
              SecretId: secretId,
              // One version a key, however often it is taken in: a second one would take the label off the first.
              ClientRequestToken: createHash('sha256').update(apiKeyId).digest('hex'),
              SecretString: value.reveal(),
              VersionStages: [standbyLabel(apiKeyId)],
            }),
          ),
        (error) => refusedPut(apiKeyId, error),
      );
      if (VersionId !== undefined) return VersionId;
      throw new KeyguardError('aws-refused', 'secretsmanager:PutSecretValue gave no version id', 'try again');
    },
  };
}

function refusedPut(apiKeyId: string, error: Error): KeyguardError | undefined {
  if (error.name === 'LimitExceededException') {
    return new KeyguardError(
      'pool-full',
      `the standby secret is full, and nothing was stored: it holds ${mostStandbyKeys} keys at the most (20 staging labels)`,
      'make room: npx --no-install keyguard standby list shows the keys, and npx --no-install keyguard standby remove NAME APIKEY_ID takes one out',
    );
  }
  if (error.name !== 'ResourceExistsException') return undefined;
  return new KeyguardError('standby-refused', `another value is stored for ${apiKeyId} already`, 'make a new key in the Console');
}

export function rotations(client: SecretsManagerClient): Rotations {
  return {
    async start(secretId, token) {
      // Done under this token already, and what AWS does with a token that has served is not documented.
      if (
        token !== undefined &&
        stagesOf(await describeSecret(client, secretId))
          .get(token)
          ?.includes('AWSCURRENT') === true
      )
        return 'running';
      try {
        await awsCall(
          'secretsmanager:RotateSecret',
          () => client.send(new RotateSecretCommand({ SecretId: secretId, ...(token === undefined ? {} : { ClientRequestToken: token }) })),
          // "A previous rotation isn't complete. That rotation will be reattempted."; or the one of this token was there before.
          (error) =>
            (error instanceof InvalidRequestException && /previous rotation|already in use/i.test(error.message)) ||
            error.name === 'ResourceExistsException'
              ? new Running()
              : undefined,
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
