import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { managedKey, type ProofWorld } from '../world.ts';
import { beat, graceOver, intake, outcome, rotated, typed, type Operation, type Prepared } from '../operation.ts';

export const retirements: readonly Operation[] = [
  {
    name: 'retirement',
    async prepare(world) {
      const { old, next } = await rotated(world);
      await graceOver(world, old);
      return {
        ...pass(world),
        // An undo beside it brings the old key back.
        outcome: () => outcome(world, { old, next }, { old: 'inactive|current', next: 'current|draining' }),
      };
    },
  },
  {
    // Retirement finds it dead, and a standby key takes its place.
    name: 'death-of-current-key',
    async prepare(world) {
      const dead = await world.adds();
      await world.rotates();
      const spare = await world.adds();
      const other = await world.adds();
      await world.passes(30 * minuteMs);
      world.inConsole(dead, 'inactive');
      world.local.clock.advance(minuteMs);
      const look = beat(world, 'retirement');
      return {
        async act() {
          await look();
          await world.passes(0);
        },
        again: () => world.passes(5 * minuteMs),
        atOnce: look,
        beside: [look, beat(world, 'anomaly-detector')],
        // A standby key that did not get through its proof is rejected, and the next one takes its turn.
        outcome: () =>
          outcome(world, { dead, spare, other }, { dead: 'draining|inactive', spare: 'current|rejected', other: 'standby|current' }),
      };
    },
  },
  {
    name: 'archiving',
    async prepare(world) {
      const { old, next } = await rotated(world);
      await graceOver(world, old);
      await beat(world, 'retirement')();
      // Retirement looks half way, and has to wait.
      const { undoMs } = world.local.definition(managedKey).rotation;
      await world.passes(undoMs / 2);
      await beat(world, 'retirement')();
      await world.passes(undoMs / 2);
      return { ...pass(world), outcome: () => outcome(world, { old, next }, { old: 'archived|current', next: 'current|draining' }) };
    },
  },
  {
    name: 'containment',
    async prepare(world) {
      const { next } = await rotated(world);
      const stolen = await world.adds();
      await world.passes(hourMs);
      world.local.aws.schedules.disable('retirement');
      // Who found its value activates it and uses it.
      world.inConsole(stolen, 'active');
      world.observer.told({ kind: 'containment', apiKeyId: stolen.id });
      // Until it is felt.
      world.local.clock.advance(minuteMs);
      world.uses(stolen);
      await world.passes(15 * minuteMs);
      await world.collects();
      const look = beat(world, 'anomaly-detector');
      return {
        // The first look tells people, the second one cuts.
        async act() {
          await look();
          world.local.clock.advance(minuteMs);
          await look();
        },
        again: async () => {
          await look();
          for (const schedule of ['anomaly-detector', 'retirement']) world.local.aws.schedules.enable(schedule);
        },
        atOnce: look,
        beside: [look, beat(world, 'retirement')],
        outcome: () => outcome(world, { next, stolen }, { next: 'current', stolen: 'contained' }),
      };
    },
  },
];

function pass(world: ProofWorld): Omit<Prepared, 'outcome'> {
  const act = beat(world, 'retirement');
  return {
    act,
    again: async () => {
      await act();
      world.local.aws.schedules.enable('retirement');
    },
    atOnce: act,
    beside: [act, intake(world, world.makes()), typed(world, 'undo', managedKey, '--yes')],
  };
}
