import { RotateSecretCommand, UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { startWorld, type World, type WorldOptions } from '../../../local/world.ts';
import { long, shortAndLong } from '../../support/long.ts';

let world: World;
afterEach(() => world.stop());

async function aWorld(aws: WorldOptions['aws'] = {}): Promise<World> {
  // A key that is dead is replaced for its own sake where its policy says so; here nothing but the schedule is to be a reason.
  world = await startWorld({ managedKeys: [{ name: 'production', rotation: { onDeath: 'ask' } }], aws });
  // Only rotation and retirement matter here.
  world.aws.schedules.disable('usage-collector');
  world.aws.schedules.disable('anomaly-detector');
  return world;
}

/** A deployment that changes the schedule and nothing else. */
async function changesSchedule(): Promise<void> {
  await world.secrets.send(
    new RotateSecretCommand({
      SecretId: world.definition('production').secretArn,
      RotationRules: { ScheduleExpression: 'rate(60 days)' },
      RotateImmediately: false,
    }),
  );
  await world.aws.settle();
}
const states = (): Readonly<Record<string, string>> => Object.fromEntries(world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));
const versions = () => world.aws.inspect.secrets.versions(world.definition('production').secretArn);
const labels = (): readonly (readonly string[])[] => versions().map((version) => version.labels.toSorted());
const rotationCalls = () => world.aws.functions.invocations('rotation').map(({ kind, ok }) => [kind, ok]);
const tested = [['rotation:testSecret', true]];
const toldKinds = (): readonly unknown[] =>
  world.aws.inspect.topics.published().map(({ bodies }) => (JSON.parse(bodies['default'] ?? '{}') as { kind?: unknown }).kind);

describe('a change of the schedule takes no standby key, not even hours later', () => {
  for (const [cases, options] of shortAndLong(1, ['active', 'inactive', 'archived'] as const))
    test.each(cases)('while Anthropic shows the current key as %s', options, async (status) => {
      await aWorld();
      const current = await world.addStandbyKey('production');
      await world.rotate('production');
      const standby = await world.addStandbyKey('production');
      if (status !== 'active') world.anthropic.console.setStatus(current.apiKeyId, status);
      const before = versions().length;
      const calls = rotationCalls().length;
      await changesSchedule();
      expect(rotationCalls().slice(calls)).toEqual(tested);
      expect(versions()).toHaveLength(before);
      await world.passes(3 * hourMs, { beatMs: 30 * minuteMs });
      expect(rotationCalls().slice(calls)).toEqual(tested);
      expect(states()).toEqual({ [current.apiKeyId]: 'current', [standby.apiKeyId]: 'standby' });
      expect(toldKinds()).not.toContain('rotation-failed');
    });

  for (const [cases, options] of shortAndLong(1, ['empty-version', 'no-version', 'no-call'] as const))
    test.each(cases)('of a secret without a value, tested with %s', options, async (testOnEmptySecret) => {
      await aWorld({ testOnEmptySecret });
      const standby = await world.addStandbyKey('production');
      await changesSchedule();
      await world.passes(hourMs, { beatMs: 10 * minuteMs });
      expect(rotationCalls()).toEqual(testOnEmptySecret === 'no-call' ? [] : [...tested, ...tested]);
      expect(states()).toEqual({ [standby.apiKeyId]: 'standby' });
      await world.rotate('production');
      expect(states()).toEqual({ [standby.apiKeyId]: 'current' });
    });

  test('while a rotation is open that waits for a key: that one goes on, and no other begins', long, async () => {
    await aWorld();
    const current = await world.addStandbyKey('production');
    await world.rotate('production');
    await world.rotate('production');
    await expect(changesSchedule()).rejects.toThrow("A previous rotation isn't complete");
    await world.aws.settle();
    const next = await world.addStandbyKey('production');
    const later = await world.addStandbyKey('production');
    await world.passes(hourMs, { beatMs: 5 * minuteMs });
    expect(states()).toEqual({ [current.apiKeyId]: 'draining', [next.apiKeyId]: 'current', [later.apiKeyId]: 'standby' });
  });
});

test('a rotation that was planned before the schedule was changed may still occur: it is one like any other', long, async () => {
  await aWorld({ plannedRotationStays: true });
  const first = await world.addStandbyKey('production');
  const second = await world.addStandbyKey('production');
  const third = await world.addStandbyKey('production');
  await world.rotate('production');
  await changesSchedule();
  // Planned after 30 days; the new schedule is one of 60.
  const passes = async (days: number): Promise<void> => {
    world.clock.advance(days * dayMs);
    await world.aws.settle({ coalesce: true });
  };
  await passes(29);
  expect(states()).toMatchObject({ [first.apiKeyId]: 'current', [second.apiKeyId]: 'standby' });
  await passes(1);
  expect(states()).toMatchObject({ [second.apiKeyId]: 'current', [third.apiKeyId]: 'standby' });
  await passes(59);
  expect(states()).toMatchObject({ [second.apiKeyId]: 'current', [third.apiKeyId]: 'standby' });
  await passes(1);
  expect(states()).toMatchObject({ [third.apiKeyId]: 'current' });
  expect(toldKinds()).not.toContain('rotation-failed');
});

for (const [pendings, options] of shortAndLong(1, ['stays', 'removed'] as const))
  describe.each(pendings)('where AWSPENDING %s after a switch', options, (pendingAfterSwitch) => {
    const left = pendingAfterSwitch === 'stays' ? ['AWSCURRENT', 'AWSPENDING'] : ['AWSCURRENT'];

    test('one rotation follows the other, with a change of the schedule in between', async () => {
      await aWorld({ pendingAfterSwitch });
      const first = await world.addStandbyKey('production');
      world.clock.advance(minuteMs);
      const second = await world.addStandbyKey('production');
      await world.rotate('production');
      expect(labels()).toEqual([left]);
      await changesSchedule();
      expect(labels()).toEqual([['AWSCURRENT']]);
      await world.rotate('production');
      expect(labels()).toEqual([['AWSPREVIOUS'], left]);
      await world.passes(hourMs, { beatMs: 10 * minuteMs });
      expect(labels()).toEqual([['AWSPREVIOUS'], ['AWSCURRENT']]);
      expect(states()).toEqual({ [first.apiKeyId]: 'draining', [second.apiKeyId]: 'current' });
      expect(world.aws.functions.invocations('rotation').every(({ ok }) => ok)).toBe(true);
      expect(toldKinds()).not.toContain('rotation-failed');
    });

    test('a person who moves AWSCURRENT back starts no rotation', long, async () => {
      await aWorld({ pendingAfterSwitch, pendingCleanUpMs: 2 * hourMs });
      const first = await world.addStandbyKey('production');
      await world.rotate('production');
      const second = await world.addStandbyKey('production');
      await world.rotate('production');
      const spare = await world.addStandbyKey('production');
      await world.passes(5 * minuteMs, { beatMs: 5 * minuteMs });
      const [old, current] = versions();
      await world.secrets.send(
        new UpdateSecretVersionStageCommand({
          SecretId: world.definition('production').secretArn,
          VersionStage: 'AWSCURRENT',
          MoveToVersionId: old?.versionId,
          RemoveFromVersionId: current?.versionId,
        }),
      );
      await world.passes(hourMs, { beatMs: 15 * minuteMs });
      expect(states()).toEqual({ [first.apiKeyId]: 'current', [second.apiKeyId]: 'draining', [spare.apiKeyId]: 'standby' });
    });
  });
