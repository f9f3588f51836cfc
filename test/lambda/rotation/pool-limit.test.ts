import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { startWorld, type World } from '../../../local/world.ts';
import { long } from '../../support/long.ts';

let world: World;
afterEach(() => world.stop());

const standbyLabels = (): readonly string[] =>
  world.aws.inspect.secrets.versions(world.definition('production').standbySecretArn).flatMap((version) => version.labels);
const refusal = (): Promise<unknown> => world.addStandbyKey('production').catch((error: unknown) => error);
const newestKey = () => world.anthropic.inspect.keys().at(-1);

test('a key for which no staging label is left is refused before anything is done to it', async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  const SecretId = world.definition('production').standbySecretArn;
  for (let label = 0; label < 19; label += 1)
    await world.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: `value ${label}`, VersionStages: [`label-${label}`] }));
  expect(standbyLabels()).toHaveLength(20);
  expect(await refusal()).toMatchObject({ code: 'pool-full' });
  expect(newestKey()?.status).toBe('active');
  expect(world.ledger()).toEqual([]);
});

test('nineteen keys can wait; the next one is refused before anything is done to it, until a rotation makes room', long, async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  for (let added = 0; added < 19; added += 1) await world.addStandbyKey('production');
  expect(standbyLabels()).toHaveLength(20);
  expect(await refusal()).toMatchObject({
    code: 'pool-full',
    message: 'the standby secret is full, and nothing was stored: it holds 19 keys at the most (20 staging labels)',
    fix: 'make room: npx --no-install keyguard standby list shows the keys, and npx --no-install keyguard standby remove NAME APIKEY_ID takes one out',
  });
  // The one that was refused is as it was, and so is the pool.
  expect(newestKey()?.status).toBe('active');
  expect(world.ledger().map(({ state }) => state)).toEqual(Array.from({ length: 19 }, () => 'standby'));
  expect(standbyLabels()).toHaveLength(20);

  await world.rotate('production');
  expect(standbyLabels()).toHaveLength(19);
  const { apiKeyId } = await world.addStandbyKey('production');
  expect(world.ledger().find((record) => record.apiKeyId === apiKeyId)?.state).toBe('standby');
  expect(await refusal()).toMatchObject({ code: 'pool-full' });
  await world.rotate('production');
  expect(world.aws.functions.invocations('rotation').filter(({ ok }) => !ok)).toEqual([]);
});
