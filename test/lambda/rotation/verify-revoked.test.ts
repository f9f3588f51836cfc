import { expect, test } from 'vitest';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { verifyRevokedIn, verifyRevoked } from '../../../lambda/rotation/verify-revoked.ts';
import type { ProbeAnswer, SecretVersions } from '../../../lambda/rotation/ports.ts';
import { definition } from '../../prove/interleavings/memory.ts';
import { Stage } from './stage.ts';

const accepted: ProbeAnswer = { answer: 'accepted', organizationId: 'organization', workspaceId: null };

/** Refused from the `looks`th look on. */
function aDyingKey(looks: number, meanwhile: ProbeAnswer = accepted) {
  let asked = 0;
  const stage = new Stage({ probe: () => ((asked += 1) < looks ? meanwhile : { answer: 'refused' }) });
  stage.has('old', 'inactive');
  return { stage, value: stage.world.key('old').value, asked: () => asked, began: stage.world.now };
}

test('a value that Anthropic refuses is dead at the first look', async () => {
  const { stage, value, began } = aDyingKey(1);
  expect(await verifyRevoked(value, stage.ports)).toBe(true);
  expect(stage.world.now).toBe(began);
});

test('a change that takes a moment is waited for, two seconds between two looks', async () => {
  const { stage, value, began } = aDyingKey(3);
  expect(await verifyRevoked(value, stage.ports)).toBe(true);
  expect(stage.world.now).toBe(began + 4_000);
});

test('an answer that was on its way for longer than the deadline is none about now: it is asked once more', async () => {
  const { stage, value, asked } = aDyingKey(2);
  const probe: typeof stage.ports.probe.probe = async (asking) => {
    const answer = await stage.ports.probe.probe(asking);
    stage.world.now += 2 * minuteMs;
    return answer;
  };
  expect(await verifyRevoked(value, { ...stage.ports, probe: { probe } })).toBe(true);
  expect(asked()).toBe(2);
});

test('a value that still answers after a minute is not proven dead', async () => {
  const { stage, value, asked, began } = aDyingKey(100);
  expect(await verifyRevoked(value, stage.ports)).toBe(false);
  expect([asked(), stage.world.now - began]).toEqual([31, 60_000]);
});

test('no answer is no proof of life: a value that nobody answers for is asked again later', async () => {
  const { stage, value } = aDyingKey(100, { answer: 'unclear', why: 'overloaded' });
  await expect(verifyRevoked(value, stage.ports)).rejects.toMatchObject({
    code: 'unavailable',
    message: 'proof of revocation did not succeed: overloaded',
  });
});

test('a value that consumers once read is looked up by its version', async () => {
  const alive = aDyingKey(100);
  expect(await verifyRevokedIn(definition.secretName, 'v-old', alive.stage.ports)).toBe('alive');
  const dead = aDyingKey(1);
  expect(await verifyRevokedIn(definition.secretName, 'v-old', dead.stage.ports)).toBe('dead');
});

test('a version that Secrets Manager does not show at once is waited for; one that it pruned is not proven', async () => {
  const behind = aDyingKey(1);
  const { secrets } = behind.stage.ports;
  let looks = 0;
  const late: Pick<SecretVersions, 'read'> = {
    read: async (secretId, versionId) => ((looks += 1) < 3 ? 'absent' : secrets.read(secretId, versionId)),
  };
  expect(await verifyRevokedIn(definition.secretName, 'v-old', { ...behind.stage.ports, secrets: late })).toBe('dead');
  const pruned = aDyingKey(100);
  expect(await verifyRevokedIn(definition.secretName, 'v-pruned', pruned.stage.ports)).toBe('no value');
  expect([pruned.asked(), pruned.stage.world.now - pruned.began]).toEqual([0, 20_000]);
});
