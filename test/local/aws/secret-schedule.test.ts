import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { RotationRulesType } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { DAY, HOUR } from './clients.ts';
import { describeKey, FOUR, rotate, steps, withRotator } from './rotator.ts';

describe('the schedule', () => {
  const window = async (rules: RotationRulesType): Promise<string[]> => {
    const rotator = await withRotator();
    await rotate(rotator, '1', { rules, immediately: false });
    await rotator.aws.settle();
    rotator.events.length = 0;
    const closes = (await describeKey(rotator)).NextRotationDate?.toISOString() ?? 'never';
    while (rotator.events.length === 0 && rotator.clock.now() < Date.parse('2027-02-01T00:00:00Z')) {
      rotator.clock.advance(HOUR / 2);
      await rotator.aws.settle();
    }
    return [new Date(rotator.clock.now()).toISOString(), closes].map((text) => text.slice(0, 16));
  };

  test.each([
    [true, 'rate(60 days)', '2026-12-20T00:00'],
    [true, 'cron(0 8 1 * ? *)', '2026-12-01T08:00'],
    [false, 'rate(60 days)', '2027-01-19T00:00'],
  ])('planned rotation stays: %s; changed to %s, the next one is at %s', async (plannedRotationStays, ScheduleExpression, expected) => {
    const rotator = await withRotator({ plannedRotationStays });
    await rotate(rotator, '1', { rules: { ScheduleExpression: 'rate(30 days)' }, immediately: false });
    await rotator.aws.settle();
    await rotate(rotator, '2', { rules: { ScheduleExpression, Duration: '2h' }, immediately: false });
    await rotator.aws.settle();
    rotator.events.length = 0;
    while (rotator.events.length === 0 && rotator.clock.now() < Date.parse('2027-02-01T00:00:00Z')) {
      rotator.clock.advance(HOUR / 2);
      await rotator.aws.settle();
    }
    expect(new Date(rotator.clock.now()).toISOString().slice(0, 16)).toBe(expected);
    // The one after it follows the new schedule.
    const next = (await describeKey(rotator)).NextRotationDate?.getTime() ?? 0;
    if (ScheduleExpression === 'rate(60 days)') expect(next).toBe(Date.parse(`${expected}:00Z`) + 60 * DAY + 2 * HOUR);
  });

  test.each<[RotationRulesType, string, string]>([
    [{ AutomaticallyAfterDays: 3 }, '2026-11-23T00:00', '2026-11-24T00:00'],
    [{ ScheduleExpression: 'rate(1 day)', Duration: '2h' }, '2026-11-21T00:00', '2026-11-21T02:00'],
    [{ ScheduleExpression: 'rate(5 hours)' }, '2026-11-20T15:00', '2026-11-20T16:00'],
    [{ ScheduleExpression: 'cron(0 8 1 * ? *)', Duration: '3h' }, '2026-12-01T08:00', '2026-12-01T11:00'],
    [{ ScheduleExpression: 'cron(0 0/6 * * ? *)' }, '2026-11-20T12:00', '2026-11-21T00:00'],
    [{ ScheduleExpression: 'cron(0 4 ? * SUN *)' }, '2026-11-22T04:00', '2026-11-23T00:00'],
  ])('%j opens at %s and closes at %s', async (rules, opens, closes) => {
    expect(await window(rules)).toEqual([opens, closes]);
  });

  test('goes on after each success, and a leap over several windows rotates once', async () => {
    const rotator = await withRotator();
    await rotate(rotator, '1', { rules: { AutomaticallyAfterDays: 1 }, immediately: false });
    await rotator.aws.settle();
    rotator.events.length = 0;
    for (let day = 0; day < 3; day += 1) {
      rotator.clock.advance(DAY);
      await rotator.aws.settle();
    }
    expect(steps(rotator)).toEqual([...FOUR, ...FOUR, ...FOUR]);
    rotator.clock.advance(10 * DAY);
    await rotator.aws.settle();
    expect(steps(rotator)).toHaveLength(16);
  });

  test('counts a write by hand as a rotation', async () => {
    const rotator = await withRotator();
    await rotate(rotator, '1', { rules: { AutomaticallyAfterDays: 3 }, immediately: false });
    await rotator.aws.settle();
    rotator.clock.advance(2 * DAY);
    await rotator.secrets.send(new PutSecretValueCommand({ SecretId: 'key', SecretString: 'by hand' }));
    expect((await describeKey(rotator)).NextRotationDate).toEqual(new Date('2026-11-26T00:00:00Z'));
  });
});
