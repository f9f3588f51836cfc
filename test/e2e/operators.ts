import { RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { answerTo, type People } from './claude-platform.ts';
import { currentValue, invoke, labels, outputs, secrets } from './deployment.ts';
import { keyguard } from './keyguard-command.ts';
import { until } from './until.ts';

const key = 'nightly-batch';
const table = openTable(outputs.of('stateTable'));

async function ledger(): Promise<readonly ApiKeyRecord[]> {
  return (await apiKeyLedger(table).all()).filter((record) => record.managedKey === key);
}
const states = async (): Promise<readonly string[]> => (await ledger()).map((record) => record.state).sort();
const value = async (): Promise<string> => (await currentValue(key)) ?? '';

/** What operators do with a managed key of their own: each test goes on where the one before it stopped. `made` hears of every value. */
export function testOperators(people: () => People, made: (value: string) => void): void {
  async function takeIn(): Promise<string> {
    const fresh = people().newKey(key);
    made(fresh);
    await keyguard(['standby', 'add', key], fresh);
    return fresh;
  }

  describe('an operator of nightly-batch', () => {
    test('is told that the pool is empty, and the rotation goes on by itself once a key is there', async () => {
      await expect(keyguard(['rotate', key, '--yes'])).rejects.toThrow(/pool is empty[\s\S]*standby add nightly-batch/);
      // As the schedule does: Secrets Manager does not ask whether there is a key.
      await secrets.send(new RotateSecretCommand({ SecretId: outputs.secret(key) }));
      await until('people are told', 60_000, async () => (await incidentStore(table).find('rotation-failed', key))?.state === 'open');
      expect(await currentValue(key)).toBeUndefined();

      const first = await takeIn();
      await until('the rotation has gone on', 60_000, async () => (await value()) === first);
      expect(await answerTo(first)).toBe(200);
      await until('the ledger says so', 30_000, async () => (await states()).join() === 'current');
    });

    test('has the next key proven without rotating', async () => {
      const before = await value();
      const next = await takeIn();
      expect(await keyguard(['rotate', key, '--dry-run'])).toContain('proven');
      expect(await answerTo(next)).toBe(401);
      expect(await value()).toBe(before);
      expect(await states()).toEqual(['current', 'standby']);
    });

    test('rotates, and goes back to the key before', async () => {
      const before = await value();
      await keyguard(['rotate', key, '--yes']);
      const after = await value();
      expect(after).not.toBe(before);
      await keyguard(['undo', key, '--yes']);
      expect(await value()).toBe(before);
      expect([await answerTo(before), await answerTo(after)]).toEqual([200, 200]);
      await until('the ledger says so', 30_000, async () => (await states()).join() === 'current,draining');
    });

    test('cuts every older key off at once in an emergency', async () => {
      const old = await value();
      const next = await takeIn();
      await keyguard(['rotate', key, '--emergency', '--yes']);
      expect(await value()).toBe(next);
      expect([await answerTo(next), await answerTo(old)]).toEqual([200, 401]);
      expect(await states()).toEqual(['current', 'inactive', 'inactive']);
    });

    test('pauses and resumes it', async () => {
      await keyguard(['pause', key, '--because', 'a freeze', '--yes']);
      expect(await keyguard(['status', key])).toContain('a freeze');
      await expect(keyguard(['rotate', key, '--yes'])).rejects.toThrow('paused');
      await keyguard(['resume', key]);
      await until('the schedule is on again', 30_000, async () => (await labels(key)).rotationEnabled);
    });

    test('reads the history, and nothing is stuck', async () => {
      const history = await keyguard(['history', key]);
      for (const word of ['a freeze', 'AWSCURRENT moved to it', 'emergency']) expect(history).toContain(word);
      const { errorMessage } = await invoke(outputs.of('retirementFunction'), {});
      expect(errorMessage).toBeUndefined();
      expect(await keyguard(['unstick', key, '--yes'])).toContain('Nothing of nightly-batch is stuck');
    });

    test('has the deployment examined', async () => {
      const said = await keyguard(['doctor', '--verbose']).catch((error: unknown) => String(error));
      const broken = [...said.matchAll(/^broken +(.+?):/gm)].map(([, check]) => check);
      // The emulator knows no next date of a cron expression, and names the service in a function's policy as AWS does not.
      expect(broken, said).toEqual(['keyguard-e2e, rotation permission', 'nightly-batch, schedule']);
      expect(said).toContain('rotation function: it runs, and reads the managed keys and the state table');
      expect(said).toContain('nobody but the rotation function may read its standby keys');
    });
  });
}
