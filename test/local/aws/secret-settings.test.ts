import {
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import type { DeleteSecretCommandInput } from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { aws, DAY, refusal } from './clients.ts';
import type { Clients } from './clients.ts';

async function withSecrets(...names: string[]): Promise<Clients> {
  const clients = await aws();
  for (const Name of names) await clients.secrets.send(new CreateSecretCommand({ Name, SecretString: `value of ${Name}` }));
  return clients;
}
const remove = (clients: Clients, more: Omit<DeleteSecretCommandInput, 'SecretId'> = {}) =>
  clients.secrets.send(new DeleteSecretCommand({ SecretId: 'key', ...more }));
const read = (clients: Clients) => clients.secrets.send(new GetSecretValueCommand({ SecretId: 'key' }));
const MARKED = "InvalidRequestException: You can't perform this operation on the secret because it was marked for deletion.";
const GONE = "ResourceNotFoundException: Secrets Manager can't find the specified secret.";

test('a deleted secret answers nothing, can be restored within its window and is gone afterwards', async () => {
  const clients = await withSecrets('key');
  const { DeletionDate: at } = await remove(clients, { RecoveryWindowInDays: 7 });
  expect(at?.getTime()).toBe(clients.clock.now() + 7 * DAY);
  expect(await refusal(read(clients))).toBe(MARKED);
  expect(await refusal(clients.secrets.send(new PutSecretValueCommand({ SecretId: 'key', SecretString: 'x' })))).toBe(MARKED);
  expect((await clients.secrets.send(new DescribeSecretCommand({ SecretId: 'key' }))).DeletedDate).toEqual(at);
  expect(await refusal(clients.secrets.send(new CreateSecretCommand({ Name: 'key' })))).toBe(
    "InvalidRequestException: You can't create this secret because a secret with this name is already scheduled for deletion.",
  );
  await clients.secrets.send(new RestoreSecretCommand({ SecretId: 'key' }));
  expect((await read(clients)).SecretString).toBe('value of key');
  await remove(clients, { RecoveryWindowInDays: 7 });
  clients.clock.advance(7 * DAY);
  expect(await refusal(read(clients))).toBe(GONE);
  await clients.secrets.send(new CreateSecretCommand({ Name: 'key' }));
});

test('a secret deleted without recovery is gone at once', async () => {
  const clients = await withSecrets('key');
  await remove(clients, { ForceDeleteWithoutRecovery: true });
  expect(await refusal(clients.secrets.send(new DescribeSecretCommand({ SecretId: 'key' })))).toBe(GONE);
});

test.each<[Omit<DeleteSecretCommandInput, 'SecretId'>]>([
  [{ RecoveryWindowInDays: 6 }],
  [{ RecoveryWindowInDays: 31 }],
  [{ RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true }],
])('the deletion %j is refused', async (input) => {
  const clients = await withSecrets('key');
  expect(await refusal(remove(clients, input))).toContain('InvalidParameterException');
  expect((await read(clients)).SecretString).toBe('value of key');
});

test('a secret that a stack made bears its name, which no caller can write', async () => {
  const clients = await withSecrets('key');
  clients.aws.ofStack('key', 'keyguard');
  const stackTag = { Key: 'aws:cloudformation:stack-name', Value: 'keyguard' };
  expect((await clients.secrets.send(new DescribeSecretCommand({ SecretId: 'key' }))).Tags).toEqual([stackTag]);
  const forged = clients.secrets.send(new CreateSecretCommand({ Name: 'ghost', Tags: [stackTag] }));
  expect(await refusal(forged)).toBe('InvalidRequestException: aws: prefixed tag key names are not allowed for external use.');
});

test('a resource policy is kept as it is, and one that is not JSON is refused', async () => {
  const clients = await withSecrets('key');
  const policy = async () => (await clients.secrets.send(new GetResourcePolicyCommand({ SecretId: 'key' }))).ResourcePolicy;
  expect(await policy()).toBeUndefined();
  await clients.secrets.send(new PutResourcePolicyCommand({ SecretId: 'key', ResourcePolicy: '{"Version":"2012-10-17"}' }));
  expect(await policy()).toBe('{"Version":"2012-10-17"}');
  expect(await refusal(clients.secrets.send(new PutResourcePolicyCommand({ SecretId: 'key', ResourcePolicy: '{' })))).toContain(
    'MalformedPolicyDocumentException',
  );
  await clients.secrets.send(new DeleteResourcePolicyCommand({ SecretId: 'key' }));
  expect(await policy()).toBeUndefined();
});

test('the day of the last read shows, and a name with odd characters is refused', async () => {
  const clients = await withSecrets('key');
  await read(clients);
  const described = await clients.secrets.send(new DescribeSecretCommand({ SecretId: 'key' }));
  expect(described.LastAccessedDate).toEqual(new Date('2026-11-20T00:00:00Z'));
  expect(await refusal(clients.secrets.send(new CreateSecretCommand({ Name: 'a b' })))).toContain('ValidationException: Invalid name.');
});
