import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DescribeSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { expect, test } from 'vitest';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { configuration, currentValue, emulatorLog, invoke, labels, outputs, outputsText, scratchFolder, secrets } from './deployment.ts';
import { until } from './until.ts';

const ledger = apiKeyLedger(openTable(outputs.of('stateTable')));
const assembly = join(scratchFolder(), 'updated.out');
const names = configuration.managedKeys.map(({ name }) => name);

async function cdk(...parameters: readonly string[]): Promise<void> {
  await promisify(execFile)('npx', ['--no-install', 'cdk', ...parameters, '--all', '--no-notices', '--progress', 'events']);
}

/** Once no test of a rotation schedule is under way: what each secret holds, and under which labels. */
async function holdings(): Promise<readonly unknown[]> {
  return Promise.all(
    names.map(async (name) => {
      const { current, previous } = await until('no rotation is under way', 30_000, async () => {
        const found = await labels(name);
        return (found.pending === undefined || found.pending === found.current) && found;
      });
      return { name, current, previous, value: await currentValue(name) };
    }),
  );
}

test('an update in place keeps every value and rotates nothing', async () => {
  const before = [await holdings(), await ledger.all(), outputsText()];
  const changed: unknown = JSON.parse(readFileSync('test/e2e/keyguard.json', 'utf8'), (field, value: unknown) => {
    if (field === 'emails') return ['oncall@keyguard.internal', 'security@keyguard.internal'];
    if (field === 'logRetentionDays') return 14;
    return field === 'every' ? '30d' : value;
  });
  const file = join(scratchFolder(), 'updated.json');
  writeFileSync(file, JSON.stringify(changed));
  const to = join(scratchFolder(), 'updated-outputs.json');
  await cdk('deploy', '-c', `config=${file}`, '--output', assembly, '--require-approval', 'never', '--outputs-file', to);

  const { RotationRules } = await secrets.send(new DescribeSecretCommand({ SecretId: outputs.secret('nightly-batch') }));
  expect(RotationRules?.ScheduleExpression, 'once a month').toMatch(/^cron\(0 8 \d+ \* \? \*\)$/);
  const { Subscriptions } = await new SNSClient({}).send(new ListSubscriptionsByTopicCommand({ TopicArn: outputs.of('alertTopic') }));
  expect(Subscriptions?.map(({ Endpoint }) => Endpoint)).toEqual(
    expect.arrayContaining(['oncall@keyguard.internal', 'security@keyguard.internal']),
  );
  expect([await holdings(), await ledger.all(), readFileSync(to, 'utf8')]).toEqual(before);
});

test('destroying the stack takes the functions and leaves secrets and ledger', async () => {
  const before = [await holdings(), await ledger.all()];
  await cdk('destroy', '--force', '--app', assembly);
  for (const name of ['rotationFunction', 'usageCollectorFunction', 'notifierFunction'] as const) {
    expect((await invoke(outputs.of(name), {})).status).toBe(404);
  }
  const after = [await holdings(), await ledger.all()];
  expect(after).toEqual(before);
});

test('after all of it no value that a secret holds stands in the log of the functions', async () => {
  const { SecretString: admin } = await secrets.send(new GetSecretValueCommand({ SecretId: outputs.of('adminKeySecret') }));
  const held = [admin, ...(await Promise.all(names.map(currentValue)))].filter((value) => value !== undefined);
  expect(held.length).toBeGreaterThan(1);
  expect(held.filter((value) => emulatorLog().includes(value))).toHaveLength(0);
});
