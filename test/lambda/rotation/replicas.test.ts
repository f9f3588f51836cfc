import { ReplicateSecretToRegionsCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { startWorld, type World } from '../../../local/world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  // Nobody uses anything, and retirement is who looks at replicas.
  for (const schedule of ['usage-collector', 'anomaly-detector']) world.aws.schedules.disable(schedule);
  await world.addStandbyKey('production');
  await world.rotate('production');
  await replicate();
  await world.addStandbyKey('production');
});
afterEach(() => world.stop());

async function replicate(): Promise<void> {
  const SecretId = world.definition('production').secretArn;
  const AddReplicaRegions = [{ Region: 'eu-west-1' }];
  await world.secrets.send(new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions, ForceOverwriteReplicaSecret: true }));
}

const told = (): readonly string[] =>
  world.aws.mailbox
    .messages()
    .map((mail) => mail.body.replace(/\s+/g, ' '))
    .filter((body) => body.includes('eu-west-1'));

async function rotateAndWait(): Promise<void> {
  await world.rotate('production');
  await world.passes(20 * minuteMs, { beatMs: 5 * minuteMs });
}

test('a replica that follows is nothing to tell', async () => {
  await rotateAndWait();
  expect(told()).toEqual([]);
});

test('a replica that failed is told once, and again when it has recovered', async () => {
  world.aws.replicas.fail('eu-west-1', 'the key of this Region is disabled');
  await rotateAndWait();
  expect(told()).toHaveLength(1);
  expect(told()[0]).toContain('eu-west-1 failed (the key of this Region is disabled)');
  world.aws.replicas.recover('eu-west-1');
  await replicate();
  await world.passes(hourMs, { beatMs: 15 * minuteMs });
  expect(world.aws.mailbox.messages().filter((mail) => mail.body.includes('replica'))).toHaveLength(2);
});

test('a replica that lags is told after a quarter of an hour', async () => {
  world.aws.replicas.lag('eu-west-1', hourMs);
  await world.rotate('production');
  await world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  expect(told()).toEqual([]);
  await world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  expect(told()[0]).toContain('eu-west-1 lags');
});
