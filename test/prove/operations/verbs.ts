import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { managedKey, type Ground } from '../ground.ts';
import { askedRotation, beat, graceOver, outcome, rotated, stateOf, typed, untilDone, type Operation, type Outcome } from '../operation.ts';

/** What an operator types. */
export const verbs: readonly Operation[] = [
  {
    name: 'emergency',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      ground.observer.told({ kind: 'emergency', managedKey });
      const act = typed(ground, 'rotate', managedKey, '--emergency', '--yes');
      return {
        act,
        again: untilDone(ground, act, () => stateOf(ground, next) === 'inactive'),
        beside: [act, beat(ground, 'retirement')],
        outcome: () => outcome(ground, { old, next, spare }, { old: 'inactive', next: 'inactive', spare: 'current' }),
      };
    },
  },
  {
    name: 'undo',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      // Retirement would make it inactive at its next look.
      await graceOver(ground, old);
      const act = typed(ground, 'undo', managedKey, '--yes');
      return {
        act,
        again: async () => {
          await untilDone(ground, act)();
          ground.world.aws.schedules.enable('retirement');
        },
        atOnce: act,
        beside: [act, beat(ground, 'retirement')],
        outcome: () => outcome(ground, { old, next }, { old: 'current', next: 'draining' }),
      };
    },
  },
  {
    name: 'undo-of-inactive',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      await graceOver(ground, old);
      await beat(ground, 'retirement')();
      const act = typed(ground, 'undo', managedKey, '--yes');
      return {
        act,
        again: async () => {
          await untilDone(ground, act)();
          ground.world.aws.schedules.enable('retirement');
        },
        atOnce: act,
        beside: [act, beat(ground, 'retirement')],
        outcome: () => outcome(ground, { old, next }, { old: 'current', next: 'draining' }),
      };
    },
  },
  {
    name: 'pause',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      ground.observer.told({ kind: 'pause', managedKey });
      const act = typed(ground, 'pause', managedKey, '--because', 'a freeze', '--yes');
      return {
        act,
        again: untilDone(ground, act),
        beside: [act, beat(ground, 'retirement')],
        outcome: () =>
          withPause(
            ground,
            outcome(ground, { old, next, spare }, { old: 'draining', next: 'current', spare: 'standby', pause: 'stands', schedule: 'off' }),
          ),
      };
    },
  },
  {
    name: 'resume',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      ground.observer.told({ kind: 'pause', managedKey });
      await typed(ground, 'pause', managedKey, '--because', 'a freeze', '--yes')();
      ground.observer.told({ kind: 'resume', managedKey });
      const act = typed(ground, 'resume', managedKey);
      return {
        act,
        again: untilDone(ground, act),
        beside: [act, beat(ground, 'retirement')],
        outcome: () =>
          withPause(ground, outcome(ground, { old, next }, { old: 'draining', next: 'current', pause: 'is over', schedule: 'on' })),
      };
    },
  },
  {
    name: 'removal',
    async prepare(ground) {
      const { next } = await rotated(ground);
      const spare = await ground.adds();
      ground.observer.told({ kind: 'removal', apiKeyId: spare.id });
      const act = typed(ground, 'standby', 'remove', managedKey, spare.id, '--yes');
      return {
        act,
        again: untilDone(ground, act),
        // A rotation claims the very key that is being removed.
        beside: [act, beat(ground, 'retirement'), askedRotation(ground)],
        outcome: () => outcome(ground, { next, spare }, { next: 'current|draining', spare: 'archived|current' }),
      };
    },
  },
  {
    name: 'dry-run',
    async prepare(ground) {
      const { next } = await rotated(ground);
      const spare = await ground.adds();
      const act = typed(ground, 'rotate', managedKey, '--dry-run');
      return {
        act,
        again: untilDone(ground, act),
        beside: [act, beat(ground, 'retirement'), askedRotation(ground)],
        outcome: () => outcome(ground, { next, spare }, { next: 'current|draining', spare: 'standby|current' }),
      };
    },
  },
];

async function withPause(ground: Ground, { is, shouldBe }: Outcome): Promise<Outcome> {
  const { RotationEnabled } = await ground.world.secrets.send(
    new DescribeSecretCommand({ SecretId: ground.world.definition(managedKey).secretArn }),
  );
  return {
    is: { ...is, pause: isPaused(ground) ? 'stands' : 'is over', schedule: RotationEnabled === true ? 'on' : 'off' },
    shouldBe,
  };
}

function isPaused({ world }: Ground): boolean {
  return world.aws.inspect.tables.items(world.installation.stateTable).some((item) => item['pk']?.S === 'PAUSE');
}
