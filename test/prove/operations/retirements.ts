import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { managedKey, type Ground } from '../ground.ts';
import { beat, graceOver, intake, outcome, rotated, typed, type Operation, type Prepared } from '../operation.ts';

export const retirements: readonly Operation[] = [
  {
    name: 'retirement',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      await graceOver(ground, old);
      return {
        ...pass(ground),
        // An undo beside it brings the old key back.
        outcome: () => outcome(ground, { old, next }, { old: 'inactive|current', next: 'current|draining' }),
      };
    },
  },
  {
    // Retirement finds it dead, and a standby key takes its place.
    name: 'death-of-current-key',
    async prepare(ground) {
      const dead = await ground.adds();
      await ground.rotates();
      const spare = await ground.adds();
      const other = await ground.adds();
      await ground.passes(30 * minuteMs);
      ground.inConsole(dead, 'inactive');
      ground.world.clock.advance(minuteMs);
      const look = beat(ground, 'retirement');
      return {
        async act() {
          await look();
          await ground.passes(0);
        },
        again: () => ground.passes(5 * minuteMs),
        atOnce: look,
        beside: [look, beat(ground, 'anomaly-detector')],
        // A standby key that did not get through its proof is rejected, and the next one takes its turn.
        outcome: () =>
          outcome(ground, { dead, spare, other }, { dead: 'draining|inactive', spare: 'current|rejected', other: 'standby|current' }),
      };
    },
  },
  {
    name: 'archiving',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      await graceOver(ground, old);
      await beat(ground, 'retirement')();
      // Retirement looks half way, and has to wait.
      const { undoMs } = ground.world.definition(managedKey).rotation;
      await ground.passes(undoMs / 2);
      await beat(ground, 'retirement')();
      await ground.passes(undoMs / 2);
      return { ...pass(ground), outcome: () => outcome(ground, { old, next }, { old: 'archived|current', next: 'current|draining' }) };
    },
  },
  {
    name: 'containment',
    async prepare(ground) {
      const { next } = await rotated(ground);
      const stolen = await ground.adds();
      await ground.passes(hourMs);
      ground.world.aws.schedules.disable('retirement');
      // Who found its value wakes it and uses it.
      ground.inConsole(stolen, 'active');
      ground.observer.told({ kind: 'containment', apiKeyId: stolen.id });
      // Until it is felt.
      ground.world.clock.advance(minuteMs);
      ground.uses(stolen);
      await ground.passes(15 * minuteMs);
      await ground.collects();
      const look = beat(ground, 'anomaly-detector');
      return {
        // The first look tells people, the second one cuts.
        async act() {
          await look();
          ground.world.clock.advance(minuteMs);
          await look();
        },
        again: async () => {
          await look();
          for (const schedule of ['anomaly-detector', 'retirement']) ground.world.aws.schedules.enable(schedule);
        },
        atOnce: look,
        beside: [look, beat(ground, 'retirement')],
        outcome: () => outcome(ground, { next, stolen }, { next: 'current', stolen: 'contained' }),
      };
    },
  },
];

function pass(ground: Ground): Omit<Prepared, 'outcome'> {
  const act = beat(ground, 'retirement');
  return {
    act,
    again: async () => {
      await act();
      ground.world.aws.schedules.enable('retirement');
    },
    atOnce: act,
    beside: [act, intake(ground, ground.makes()), typed(ground, 'undo', managedKey, '--yes')],
  };
}
