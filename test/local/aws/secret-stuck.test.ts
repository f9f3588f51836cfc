import { CancelRotateSecretCommand, RotateSecretCommand, UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { DAY, HOUR, refusal, token } from './clients.ts';
import { describeKey, ends, eventTypes, FOUR, labels, rotate, rotatedLabels, steps, withRotator as rotatorWith } from './rotator.ts';
import type { Rotator } from './rotator.ts';

const INCOMPLETE = "InvalidRequestException: A previous rotation isn't complete. That rotation will be reattempted.";
const RULES = { ScheduleExpression: 'rate(30 days)', Duration: '3h' };

const cancel = ({ secrets }: Rotator) => secrets.send(new CancelRotateSecretCommand({ SecretId: 'key' }));
const turnOn = ({ secrets }: Rotator) => secrets.send(new RotateSecretCommand({ SecretId: 'key', RotateImmediately: false }));
/** The documented cure for a rotation that is stuck. */
const takePendingOff = ({ secrets }: Rotator, letter: string) =>
  secrets.send(new UpdateSecretVersionStageCommand({ SecretId: 'key', VersionStage: 'AWSPENDING', RemoveFromVersionId: token(letter) }));
const tokensOf = (rotator: Rotator) => rotator.events.map((event) => event.ClientRequestToken);

describe.each(ends)('where AWSPENDING %s after a switch:', (end) => {
  const withRotator = () => rotatorWith({ pendingAfterSwitch: end });

  describe('CancelRotateSecret', () => {
    test('turns rotation off and keeps function and rules; RotateSecret turns it on with them', async () => {
      const rotator = await withRotator();
      await rotate(rotator, '1', { rules: RULES, immediately: false });
      await rotator.aws.settle();
      const before = await describeKey(rotator);
      await cancel(rotator);
      const off = await describeKey(rotator);
      expect(off).toMatchObject({ RotationEnabled: false, RotationLambdaARN: rotator.arn, RotationRules: RULES });
      expect(off.NextRotationDate).toBeUndefined();
      rotator.clock.advance(40 * DAY);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(['testSecret']);

      await turnOn(rotator);
      await rotator.aws.settle();
      const on = await describeKey(rotator);
      expect(on).toMatchObject({ RotationEnabled: true, RotationLambdaARN: rotator.arn, RotationRules: RULES });
      expect(on.NextRotationDate?.getTime()).toBe((before.NextRotationDate?.getTime() ?? 0) + 40 * DAY);
      expect(on.VersionIdsToStages).toEqual({ [token('0')]: ['AWSCURRENT'] });
      expect(steps(rotator)).toEqual(['testSecret', 'testSecret']);
      rotator.clock.advance(31 * DAY);
      await rotator.aws.settle();
      expect(steps(rotator).slice(2)).toEqual(FOUR);
    });

    test('ends a rotation between its steps, even where rotation is on again before the next one', async () => {
      const rotator = await withRotator();
      let times = 0;
      rotator.sabotage = async (step) => {
        if (step !== 'setSecret' || (times += 1) > 1) return;
        await cancel(rotator);
        expect(await refusal(turnOn(rotator))).toBe(INCOMPLETE);
      };
      await rotate(rotator, '1');
      await rotator.aws.settle();
      // RotateSecret said that it will be tried again, so it is: from the start, with the same version.
      expect(steps(rotator)).toEqual(['createSecret', 'setSecret', ...FOUR]);
      expect(new Set(tokensOf(rotator))).toEqual(new Set([token('1')]));
      expect(eventTypes(rotator)).toEqual(['RotationStarted', 'RotationStarted', 'RotationSucceeded']);
    });

    test('ends a rotation whose step then fails', async () => {
      const rotator = await withRotator();
      rotator.sabotage = async () => {
        await cancel(rotator);
        throw new Error('down');
      };
      await rotate(rotator, '1');
      await rotator.aws.settle();
      rotator.clock.advance(DAY);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(['createSecret']);
    });

    test('of a failed rotation leaves a label; RotateSecret is refused, turns rotation on and tries that version again', async () => {
      const rotator = await withRotator();
      let broken = true;
      rotator.sabotage = () => {
        if (broken) throw new Error('down');
      };
      await rotate(rotator, '1');
      await rotator.aws.settle();
      await cancel(rotator);
      broken = false;
      expect(await refusal(turnOn(rotator))).toBe(INCOMPLETE);
      await rotator.aws.settle();
      expect(await labels(rotator)).toEqual({ [token('0')]: ['AWSPREVIOUS'], [token('1')]: rotatedLabels(end) });
      expect((await describeKey(rotator)).RotationEnabled).toBe(true);
    });
  });

  describe('AWSPENDING taken off a version', () => {
    test('in the middle of a rotation ends it, and the next one begins with a version of its own', async () => {
      const rotator = await withRotator();
      rotator.sabotage = async (step) => {
        if (step === 'setSecret') await takePendingOff(rotator, '1');
      };
      await rotate(rotator, '1');
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(['createSecret', 'setSecret']);
      expect(await labels(rotator)).toEqual({ [token('0')]: ['AWSCURRENT'] });
      rotator.sabotage = () => undefined;
      rotator.clock.advance(HOUR);
      await rotator.aws.settle();
      expect(steps(rotator)).toHaveLength(2);
      await rotate(rotator, '2');
      await rotator.aws.settle();
      expect(tokensOf(rotator).slice(2)).toEqual(FOUR.map(() => token('2')));
      expect(await labels(rotator)).toEqual({ [token('0')]: ['AWSPREVIOUS'], [token('2')]: rotatedLabels(end) });
    });

    test('in a step that then fails is the end as well', async () => {
      const rotator = await withRotator();
      rotator.sabotage = async () => {
        await takePendingOff(rotator, '1');
        throw new Error('down');
      };
      await rotate(rotator, '1');
      await rotator.aws.settle();
      rotator.clock.advance(HOUR);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(['createSecret']);
    });

    test.each<[string, number]>([
      ['at once', 0],
      ['once its window is closed', 2 * DAY],
    ])('after a rotation failed frees the secret %s', async (_when, waitMs) => {
      const rotator = await withRotator();
      rotator.sabotage = (step) => {
        if (step === 'testSecret') throw new Error('rejected');
      };
      await rotate(rotator, '1', { rules: RULES });
      await rotator.aws.settle();
      for (let waited = 0; waited < waitMs; waited += HOUR) {
        rotator.clock.advance(HOUR);
        await rotator.aws.settle();
      }
      expect(await refusal(rotate(rotator, '2'))).toBe(INCOMPLETE);
      await rotator.aws.settle();

      await takePendingOff(rotator, '1');
      expect(await labels(rotator)).toEqual({ [token('0')]: ['AWSCURRENT'] });
      rotator.sabotage = () => undefined;
      rotator.events.length = 0;
      await rotate(rotator, '2');
      await rotator.aws.settle();
      rotator.clock.advance(HOUR);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(FOUR);
      expect(new Set(tokensOf(rotator))).toEqual(new Set([token('2')]));
      expect(await labels(rotator)).toEqual({ [token('0')]: ['AWSPREVIOUS'], [token('2')]: ['AWSCURRENT'] });
    });

    test('by the schedule, too: the next window begins with a new version', async () => {
      const rotator = await withRotator();
      rotator.sabotage = (step) => {
        if (step === 'testSecret') throw new Error('rejected');
      };
      await rotate(rotator, '1', { rules: RULES });
      await rotator.aws.settle();
      await takePendingOff(rotator, '1');
      rotator.sabotage = () => undefined;
      rotator.events.length = 0;
      rotator.clock.advance(31 * DAY);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(FOUR);
      expect(tokensOf(rotator)).not.toContain(token('1'));
    });
  });
});
