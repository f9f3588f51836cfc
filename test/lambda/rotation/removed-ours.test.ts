import { CreateSecretCommand, DeleteSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { apiKeys } from '../../../lambda/adapters/anthropic/api-keys.ts';
import { clientOf } from '../../../lambda/adapters/anthropic/client.ts';
import { apiKeyLedger } from '../../../lambda/adapters/aws/api-key-ledger.ts';
import { keyDirectory } from '../../../lambda/adapters/aws/key-directory.ts';
import { secretVersions } from '../../../lambda/adapters/aws/secret-versions.ts';
import { openTable, type Table } from '../../../lambda/adapters/aws/table.ts';
import { Secret } from '../../../lambda/foundation/secret.ts';
import { onlyOurKeys } from '../../../lambda/rotation/ownership.ts';
import type { ApiKeys } from '../../../lambda/rotation/ports.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { aRecord } from '../../support/records.ts';

let world: World;
let table: Table;
let keys: ApiKeys;
/** A key of the removed managed key, and the version of its secret that holds it. */
let legacy: { readonly apiKeyId: string; readonly token: string };
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }, { name: 'legacy' }] });
  const { apiKeyId } = await world.addStandbyKey('legacy');
  await world.rotate('legacy');
  await world.removes('legacy');
  const { installation, secrets, anthropic } = world;
  table = openTable(installation.stateTable);
  const ledger = apiKeyLedger(table);
  legacy = { apiKeyId, token: (await ledger.all())[0]?.token ?? '' };
  keys = onlyOurKeys(apiKeys(clientOf(new Secret(anthropic.console.createAdminKey().value), installation.anthropicBaseUrl)), {
    ledger,
    secrets: secretVersions(secrets),
    directory: keyDirectory(world.definitions(), undefined, ledger),
    stackName: 'keyguard',
  });
});
afterEach(() => world.stop());

/** A key of somebody else in the organization, who uses nothing of ours. */
const theirs = (): { readonly id: string; readonly value: string } =>
  world.anthropic.console.createApiKey({ name: 'theirs', workspaceId: world.anthropic.console.createWorkspace('other').id });

/** What somebody does who may write the table: a record of a key under a managed key that is not configured. */
async function forges(apiKeyId: string, managedKey: string, token: string): Promise<void> {
  await table.put('API_KEY', apiKeyId, aRecord({ apiKeyId, managedKey, state: 'draining', token, standbyVersionId: token }));
}

/** What somebody does who may make secrets: both secrets of a managed key that never was, holding a value under its label. */
async function makesSecrets(managedKey: string, { id, value }: { readonly id: string; readonly value: string }): Promise<string> {
  const token = 'a'.repeat(36);
  for (const [what, label] of Object.entries({ consumers: 'AWSCURRENT', standby: `standby-${id}` })) {
    const Name = `${world.installation.installation}/${managedKey}/${what}`;
    await world.secrets.send(new CreateSecretCommand({ Name, Tags: [{ Key: 'stack-name', Value: 'keyguard' }] }));
    const version = { ClientRequestToken: token, SecretString: value, VersionStages: [label] };
    await world.secrets.send(new PutSecretValueCommand({ SecretId: Name, ...version }));
  }
  return token;
}

const refusal = (why: string) => ({ code: 'not-our-key', message: expect.stringContaining(why) as string });

test('no secret that somebody made gives a managed key that never was a key of the organization', async () => {
  for (const ghost of ['ghost', 'prod', 'legacy/x']) {
    const key = theirs();
    await forges(key.id, ghost, await makesSecrets(ghost, key));
    await expect(keys.setStatus(key.id, 'inactive')).rejects.toMatchObject(refusal(`that stack keyguard made for ${ghost}`));
  }
});

test('a key of a managed key that was really removed is ours, and none that its record only names', async () => {
  const other = await world.addStandbyKey('production');
  for (const id of [theirs().id, other.apiKeyId]) {
    await forges(id, 'legacy', legacy.token);
    await expect(keys.setStatus(id, 'inactive')).rejects.toMatchObject(refusal('made for legacy'));
  }
  expect(await keys.setStatus(legacy.apiKeyId, 'inactive')).toMatchObject({ status: 'inactive' });
});

test('a version of a secret of a removed managed key that nobody can read proves nothing', async () => {
  const { id } = theirs();
  await forges(id, 'legacy', legacy.token);
  await world.secrets.send(new DeleteSecretCommand({ SecretId: world.definition('legacy').secretName }));
  await expect(keys.setStatus(id, 'inactive')).rejects.toMatchObject({ code: 'secret-deleted' });
});
