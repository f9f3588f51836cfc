import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import type { RotationRulesType } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { aws, DAY, HOUR, MINUTE, refusal, token } from './clients.ts';
import { describeKey, ends, eventTypes, FOUR, labels, rotate, rotatedLabels, steps, withRotator as rotatorWith } from './rotator.ts';

const INCOMPLETE = "InvalidRequestException: A previous rotation isn't complete. That rotation will be reattempted.";

describe.each(ends)('where AWSPENDING %s after a switch:', (end) => {
  const withRotator = (options: Parameters<typeof rotatorWith>[0] = {}) => rotatorWith({ pendingAfterSwitch: end, ...options });

  describe('RotateSecret', () => {
    test('answers before a step has run, with the token registered as an empty AWSPENDING version', async () => {
      const rotator = await withRotator();
      expect((await rotate(rotator, '1')).VersionId).toBe(token('1'));
      expect(rotator.events).toEqual([]);
      expect(await labels(rotator)).toEqual({ [token('0')]: ['AWSCURRENT'], [token('1')]: ['AWSPENDING'] });
      for (const where of [{ VersionId: token('1') }, { VersionId: token('1'), VersionStage: 'AWSPENDING' }]) {
        expect(await refusal(rotator.secrets.send(new GetSecretValueCommand({ SecretId: 'key', ...where })))).toBe(
          `ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: ${token('1')}`,
        );
      }
    });

    test('calls the four steps one after the other and is complete', async () => {
      const rotator = await withRotator();
      await rotate(rotator, '1');
      rotator.clock.advance(MINUTE);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(FOUR);
      expect(new Set(rotator.events.map((event) => event.ClientRequestToken))).toEqual(new Set([token('1')]));
      expect(rotator.events.every((event) => event.SecretId.startsWith('arn:aws:secretsmanager:') && event.RotationToken !== '')).toBe(
        true,
      );
      const described = await describeKey(rotator);
      expect(described.LastRotatedDate).toEqual(new Date(rotator.clock.now()));
      expect(described.VersionIdsToStages?.[token('1')]).toEqual(rotatedLabels(end));
      expect(described.VersionIdsToStages?.[token('0')]).toEqual(['AWSPREVIOUS']);
      expect(eventTypes(rotator)).toEqual(['RotationStarted', 'RotationSucceeded']);
      // Both end states let the next rotation in.
      await rotate(rotator, '2');
      await rotator.aws.settle();
      expect((await labels(rotator))?.[token('2')]).toContain('AWSCURRENT');
    });

    test('its label is on AWSCURRENT alone, or on nothing, some time after a rotation', async () => {
      const rotator = await withRotator({ pendingCleanUpMs: 7 * MINUTE });
      await rotate(rotator, '1');
      await rotator.aws.settle();
      for (const [minutes, expected] of [
        [6, rotatedLabels(end)],
        [1, ['AWSCURRENT']],
      ] as const) {
        rotator.clock.advance(minutes * MINUTE);
        await rotator.aws.settle();
        expect((await labels(rotator))?.[token('1')]).toEqual(expected);
      }
    });

    test('a label that stayed goes to the next value that is pending, and is not taken off there', async () => {
      const rotator = await withRotator({ pendingCleanUpMs: 7 * MINUTE });
      await rotate(rotator, '1');
      await rotator.aws.settle();
      await rotator.secrets.send(
        new PutSecretValueCommand({ SecretId: 'key', ClientRequestToken: token('9'), SecretString: 'next', VersionStages: ['AWSPENDING'] }),
      );
      const expected = { [token('0')]: ['AWSPREVIOUS'], [token('1')]: ['AWSCURRENT'], [token('9')]: ['AWSPENDING'] };
      expect(await labels(rotator)).toEqual(expected);
      rotator.clock.advance(8 * MINUTE);
      await rotator.aws.settle();
      expect(await labels(rotator)).toEqual(expected);
    });

    test('the same token again is the same rotation, not a second one', async () => {
      const rotator = await withRotator();
      await rotate(rotator, '1');
      expect((await rotate(rotator, '1')).VersionId).toBe(token('1'));
      await rotator.aws.settle();
      expect((await rotate(rotator, '1')).VersionId).toBe(token('1'));
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(FOUR);
    });

    test('is refused while AWSPENDING is elsewhere than AWSCURRENT, and that rotation is tried again', async () => {
      const rotator = await withRotator();
      let broken = true;
      rotator.sabotage = (step) => {
        if (broken && step === 'testSecret') throw new Error('not yet');
      };
      await rotate(rotator, '1');
      await rotator.aws.settle();
      broken = false;
      expect(await refusal(rotate(rotator, '2'))).toBe(INCOMPLETE);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual([...FOUR.slice(0, 3), ...FOUR]);
      expect((await labels(rotator))?.[token('1')]).toEqual(rotatedLabels(end));
    });

    test('a token that a version of before has is refused, as is one that is too short', async () => {
      const rotator = await withRotator();
      for (const letter of ['1', '2']) {
        await rotate(rotator, letter);
        await rotator.aws.settle();
      }
      expect(await refusal(rotate(rotator, '1'))).toContain(`InvalidRequestException: You can't use ClientRequestToken ${token('1')}`);
      const short = new RotateSecretCommand({ SecretId: 'key', ClientRequestToken: 'short' });
      expect(await refusal(rotator.secrets.send(short))).toContain('InvalidParameterException');
      expect(steps(rotator)).toEqual([...FOUR, ...FOUR]);
    });

    test('an AWSPENDING version that somebody left behind blocks rotation too', async () => {
      const rotator = await withRotator();
      await rotator.secrets.send(
        new PutSecretValueCommand({ SecretId: 'key', ClientRequestToken: token('9'), SecretString: 'left', VersionStages: ['AWSPENDING'] }),
      );
      expect(await refusal(rotate(rotator, '1'))).toBe(INCOMPLETE);
    });

    test('needs a function, and one that exists', async () => {
      const rotator = await withRotator();
      expect(await refusal(rotator.secrets.send(new RotateSecretCommand({ SecretId: 'key' })))).toBe(
        'InvalidRequestException: No Lambda rotation function ARN is associated with this secret.',
      );
      expect(await refusal(rotate({ ...rotator, arn: `${rotator.arn}-gone` }, '1'))).toContain(
        'AccessDeniedException: Secrets Manager cannot invoke the specified Lambda function.',
      );
      expect((await describeKey(rotator)).RotationEnabled).toBeUndefined();
    });

    test.each<[RotationRulesType]>([
      [{ AutomaticallyAfterDays: 0 }],
      [{ AutomaticallyAfterDays: 1001 }],
      [{ AutomaticallyAfterDays: 30, ScheduleExpression: 'rate(30 days)' }],
      [{ ScheduleExpression: 'rate(3 hours)' }],
      [{ ScheduleExpression: 'rate(30 minutes)' }],
      [{ ScheduleExpression: 'cron(30 8 * * ? *)' }],
      [{ ScheduleExpression: 'cron(0 25 * * ? *)' }],
      [{ ScheduleExpression: 'rate(1 day)', Duration: '3 hours' }],
    ])('refuses the rules %j', async (rules) => {
      const rotator = await withRotator();
      expect(await refusal(rotate(rotator, '1', { rules }))).toContain('InvalidParameterException');
      expect((await describeKey(rotator)).RotationEnabled).toBeUndefined();
    });

    test('with RotateImmediately false runs testSecret alone, on a copy of the current value that is gone afterwards', async () => {
      const rotator = await withRotator();
      await rotate(rotator, '1', { rules: { AutomaticallyAfterDays: 30 }, immediately: false });
      const underTest: unknown[] = [];
      rotator.sabotage = async () => {
        const { SecretString } = await rotator.secrets.send(new GetSecretValueCommand({ SecretId: 'key', VersionId: token('1') }));
        underTest.push(await labels(rotator), SecretString);
      };
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(['testSecret']);
      expect(underTest).toEqual([{ [token('0')]: ['AWSCURRENT'], [token('1')]: ['AWSPENDING'] }, 'value 0']);
      expect(rotator.aws.inspect.secrets.versions('key').map((version) => version.versionId)).toEqual([token('0')]);
      expect((await describeKey(rotator)).LastRotatedDate).toBeUndefined();
      expect(eventTypes(rotator)).toEqual(['TestRotationStarted', 'TestRotationSucceeded']);
    });

    test('a test takes AWSPENDING off the version that a rotation has left it on', async () => {
      const rotator = await withRotator();
      await rotate(rotator, '1');
      await rotator.aws.settle();
      await rotate(rotator, '2', { immediately: false });
      expect(await labels(rotator)).toEqual({ [token('0')]: ['AWSPREVIOUS'], [token('1')]: ['AWSCURRENT'], [token('2')]: ['AWSPENDING'] });
      await rotator.aws.settle();
      expect(await labels(rotator)).toEqual({ [token('0')]: ['AWSPREVIOUS'], [token('1')]: ['AWSCURRENT'] });
    });

    test('the same token again is the same test, and no rotation begins before it has ended', async () => {
      const rotator = await withRotator();
      await rotate(rotator, '1', { immediately: false });
      expect((await rotate(rotator, '1', { immediately: false })).VersionId).toBe(token('1'));
      expect(await refusal(rotate(rotator, '2'))).toBe(INCOMPLETE);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(['testSecret']);
    });

    test.each([
      ['empty-version', ['testSecret'], [['AWSPENDING']]],
      ['no-version', ['testSecret'], []],
      ['no-call', [], []],
    ] as const)('a secret that never held a value is tested with %s', async (testOnEmptySecret, called, stages) => {
      const clients = await aws({ pendingAfterSwitch: end, testOnEmptySecret });
      const seen: string[] = [];
      const arn = clients.aws.functions.register('idle', async (event) => void seen.push((event as { Step: string }).Step));
      await clients.secrets.send(new CreateSecretCommand({ Name: 'key' }));
      await clients.secrets.send(new RotateSecretCommand({ SecretId: 'key', RotationLambdaARN: arn, RotateImmediately: false }));
      expect(clients.aws.inspect.secrets.versions('key').map((version) => version.labels)).toEqual(stages);
      await clients.aws.settle();
      expect(seen).toEqual(called);
      expect(clients.aws.inspect.secrets.versions('key')).toEqual([]);
      expect(clients.aws.inspect.secrets.rotates('key')).toBe(true);
    });

    test('a testSecret that fails leaves the schedule and no version', async () => {
      const rotator = await withRotator();
      rotator.sabotage = () => {
        throw new Error('no candidate');
      };
      await rotate(rotator, '1', { rules: { AutomaticallyAfterDays: 30 }, immediately: false });
      await rotator.aws.settle();
      expect(eventTypes(rotator)).toEqual(['TestRotationStarted', 'TestRotationFailed']);
      expect(await labels(rotator)).toEqual({ [token('0')]: ['AWSCURRENT'] });
      expect((await describeKey(rotator)).RotationEnabled).toBe(true);
    });
  });

  describe('a failed rotation', () => {
    test('starts again at createSecret with the same pending version while its window is open', async () => {
      const rotator = await withRotator({ rotationRetryMs: 10 * MINUTE });
      let failures = 2;
      rotator.sabotage = (step) => {
        if (step === 'setSecret' && failures > 0) {
          failures -= 1;
          throw new Error('down');
        }
      };
      await rotate(rotator, '1');
      await rotator.aws.settle();
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(['createSecret', 'setSecret']);
      rotator.clock.advance(10 * MINUTE);
      await rotator.aws.settle();
      rotator.clock.advance(10 * MINUTE);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(['createSecret', 'setSecret', 'createSecret', 'setSecret', ...FOUR]);
      expect(new Set(rotator.events.map((event) => event.ClientRequestToken)).size).toBe(1);
      expect((await labels(rotator))?.[token('1')]).toEqual(rotatedLabels(end));
      expect(eventTypes(rotator)).toEqual(['RotationStarted', 'RotationFailed', 'RotationFailed', 'RotationSucceeded']);
    });

    test('that never moved AWSCURRENT is not a success, whatever its steps answered', async () => {
      const clients = await aws();
      await clients.secrets.send(new CreateSecretCommand({ Name: 'key', SecretString: 'value', ClientRequestToken: token('0') }));
      const arn = clients.aws.functions.register('idle', async () => undefined);
      await clients.secrets.send(new RotateSecretCommand({ SecretId: 'key', RotationLambdaARN: arn, ClientRequestToken: token('1') }));
      await clients.aws.settle();
      const types = clients.aws.inspect.secrets.events().map((event) => event.type);
      expect(types).toContain('RotationFailed');
      expect(types).not.toContain('RotationSucceeded');
    });

    test('waits for the next window once its own is closed, and its date lies in the past', async () => {
      const rotator = await withRotator({ rotationRetryMs: 30 * MINUTE });
      rotator.sabotage = () => {
        throw new Error('down');
      };
      await rotate(rotator, '1', { rules: { ScheduleExpression: 'rate(4 hours)' }, immediately: false });
      await rotator.aws.settle();
      rotator.events.length = 0;
      // Configured at 10:30: the window is 14:00 to 15:00.
      expect((await describeKey(rotator)).NextRotationDate).toEqual(new Date('2026-11-20T15:00:00Z'));
      const startedAt: string[] = [];
      for (let at = 0; at < 9 * HOUR; at += 10 * MINUTE) {
        const before = rotator.events.length;
        rotator.clock.advance(10 * MINUTE);
        await rotator.aws.settle();
        if (rotator.events.length > before) startedAt.push(new Date(rotator.clock.now()).toISOString().slice(11, 16));
      }
      expect(startedAt).toEqual(['14:00', '14:30', '15:00', '18:00', '18:30', '19:00']);
      expect((await describeKey(rotator)).NextRotationDate).toEqual(new Date('2026-11-20T15:00:00Z'));
      expect(new Set(rotator.events.map((event) => event.ClientRequestToken)).size).toBe(1);
    });

    test('is abandoned by a plain write, and the remaining steps are not called', async () => {
      const rotator = await withRotator();
      rotator.sabotage = async (step) => {
        if (step !== 'setSecret') return;
        await rotator.secrets.send(new PutSecretValueCommand({ SecretId: 'key', ClientRequestToken: token('9'), SecretString: 'by hand' }));
      };
      await rotate(rotator, '1');
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(['createSecret', 'setSecret']);
      expect(await labels(rotator)).toEqual({ [token('0')]: ['AWSPREVIOUS'], [token('9')]: ['AWSCURRENT'] });
      expect(eventTypes(rotator)).toEqual(['RotationStarted', 'RotationAbandoned']);
    });

    test('is not abandoned by a plain write of its own version, which becomes AWSCURRENT', async () => {
      const rotator = await withRotator();
      await rotate(rotator, '1');
      await rotator.secrets.send(new PutSecretValueCommand({ SecretId: 'key', ClientRequestToken: token('1'), SecretString: 'filled' }));
      expect((await labels(rotator))?.[token('1')]?.toSorted()).toEqual(['AWSCURRENT', 'AWSPENDING']);
      expect(eventTypes(rotator)).toEqual(['RotationStarted']);
    });

    test('cannot be cancelled where none was ever configured', async () => {
      const rotator = await withRotator();
      expect(await refusal(rotator.secrets.send(new CancelRotateSecretCommand({ SecretId: 'key' })))).toBe(
        'InvalidRequestException: No Lambda rotation function ARN is associated with this secret.',
      );
    });

    test('is not tried again once it is cancelled, and leaves its label', async () => {
      const rotator = await withRotator();
      rotator.sabotage = () => {
        throw new Error('down');
      };
      await rotate(rotator, '1');
      await rotator.aws.settle();
      const cancelled = await rotator.secrets.send(new CancelRotateSecretCommand({ SecretId: 'key' }));
      expect(cancelled.VersionId).toBe(token('1'));
      rotator.clock.advance(DAY);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(['createSecret']);
      const described = await describeKey(rotator);
      expect(described.RotationEnabled).toBe(false);
      expect(described.NextRotationDate).toBeUndefined();
      expect(described.VersionIdsToStages?.[token('1')]).toEqual(['AWSPENDING']);
    });
  });
});
