import { GetResourcePolicyCommand, ResourceNotFoundException, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { KeyguardError } from '../../foundation/errors.ts';
import { parsedJson } from '../../foundation/json.ts';
import { awsCall } from './calls.ts';

/** The secret's own policy; undefined where it has none. */
export async function secretPolicy(client: SecretsManagerClient, secretId: string): Promise<unknown> {
  const { ResourcePolicy } = await awsCall(
    'secretsmanager:GetResourcePolicy',
    () => client.send(new GetResourcePolicyCommand({ SecretId: secretId })),
    (error) =>
      error instanceof ResourceNotFoundException
        ? new KeyguardError('secret-not-found', `no secret ${secretId}`, 'deploy again: the stack owns this secret')
        : undefined,
  );
  return ResourcePolicy === undefined ? undefined : parsedJson(ResourcePolicy);
}
