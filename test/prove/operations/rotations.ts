import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { managedKey, type ProofWorld, type MadeKey } from '../world.ts';
import {
  askedRotation,
  beat,
  intake,
  outcome,
  rotated,
  secretsManager,
  stateOf,
  stepsAgain,
  typed,
  untilDone,
  untilTakenIn,
  type Operation,
  type Prepared,
} from '../operation.ts';

export const intakes: readonly Operation[] = [
  {
    name: 'intake-into-empty-pool',
    async prepare(world) {
      const key = world.makes();
      const act = intake(world, key);
      await world.asksToRotate();
      return {
        act,
        again: untilTakenIn(world, key, act),
        atOnce: act,
        // A rotation waits for the very key that is being taken in.
        beside: [stepsAgain(world), act],
        outcome: () => outcome(world, { key }, { key: 'current' }),
      };
    },
  },
  {
    name: 'intake',
    async prepare(world) {
      const first = await world.adds();
      const key = world.makes();
      const act = intake(world, key);
      return {
        act,
        again: untilTakenIn(world, key, act),
        atOnce: act,
        beside: [act, intake(world, world.makes()), askedRotation(world), beat(world, 'retirement')],
        outcome: () => outcome(world, { key, first }, { key: 'standby', first: 'standby|current' }),
      };
    },
  },
  {
    name: 'intake-of-inactive-key',
    async prepare(world) {
      const first = await world.adds();
      const key = world.makes();
      world.inConsole(key, 'inactive');
      // Until it is felt.
      world.local.clock.advance(minuteMs);
      const add = intake(world, key);
      // It is refused, and the person does what the refusal says.
      const act = async (): Promise<void> => {
        await add();
        world.inConsole(key, 'active');
        world.local.clock.advance(minuteMs);
        await add();
      };
      return {
        act,
        again: untilTakenIn(world, key, add),
        atOnce: add,
        beside: [add, askedRotation(world), beat(world, 'retirement')],
        outcome: () => outcome(world, { key, first }, { key: 'standby', first: 'standby|current' }),
      };
    },
  },
  {
    name: 'intake-again',
    async prepare(world) {
      const old = await world.adds();
      await world.rotates();
      const spare = await world.adds();
      const key = world.makes();
      const act = intake(world, key);
      await diesAfter(world, 'TransactWriteItems', act);
      // Retirement deactivates it, a rotation goes by, and the person does what is said of the key.
      await world.rotates();
      await world.passes(11 * minuteMs);
      world.inConsole(key, 'active');
      world.local.clock.advance(minuteMs);
      return {
        act,
        again: untilTakenIn(world, key, act),
        atOnce: act,
        beside: [act, askedRotation(world), beat(world, 'retirement')],
        outcome: () => outcome(world, { old, spare, key }, { old: 'draining', spare: 'current|draining', key: 'standby|current' }),
      };
    },
  },
];

export const rotations: readonly Operation[] = [
  {
    name: 'rotation-at-key-limit',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const spare = await world.adds();
      const other = world.makes();
      world.local.anthropic.console.adjust({ activeKeysPerOrganization: 3 });
      await world.asksToRotate();
      return {
        // It fails, and a person disables a key that nobody uses.
        async act() {
          await world.passes(0);
          world.inConsole(other, 'inactive');
          await world.passes(5 * minuteMs);
        },
        again: () => world.passes(5 * minuteMs),
        atOnce: stepsAgain(world),
        beside: [stepsAgain(world), beat(world, 'retirement')],
        outcome: () => outcome(world, { old, next, spare }, { old: 'draining', next: 'draining', spare: 'current' }),
      };
    },
  },
  {
    name: 'first-rotation',
    async prepare(world) {
      const key = await world.adds();
      await world.asksToRotate();
      return { ...rotation(world), outcome: () => outcome(world, { key }, { key: 'current' }) };
    },
  },
  {
    name: 'rotation',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const spare = await world.adds();
      await world.asksToRotate();
      return {
        ...rotation(world),
        outcome: () => outcome(world, { old, next, spare }, { old: 'draining', next: 'draining', spare: 'current' }),
      };
    },
  },
  {
    name: 'rotation-typed',
    isTyped: true,
    async prepare(world) {
      const old = await world.adds();
      await world.rotates();
      const next = await world.adds();
      const act = typed(world, 'rotate', managedKey, '--yes');
      return {
        act,
        again: untilDone(world, act, () => stateOf(world, next) === 'current'),
        beside: [beat(world, 'retirement'), act],
        outcome: () => outcome(world, { old, next }, { old: 'draining', next: 'current' }),
      };
    },
  },
  {
    name: 'rotation-dead-candidate',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const dead = await world.adds();
      const spare = await world.adds();
      world.inConsole(dead, 'archived');
      await world.asksToRotate();
      return {
        ...rotation(world),
        outcome: () =>
          outcome(world, { old, next, dead, spare }, { old: 'draining', next: 'draining', dead: 'archived', spare: 'current' }),
      };
    },
  },
  {
    name: 'rotation-losing-candidate',
    async prepare(world) {
      const old = await world.adds();
      await world.rotates();
      const dead = await world.adds();
      const spare = await world.adds();
      await world.asksToRotate();
      diesOnTheWay(world, dead);
      return {
        ...rotation(world),
        // Where the Admin API is behind and the value still answers, nobody can know; people are told of a dead current key.
        outcome: () => outcome(world, { old, dead, spare }, { old: 'draining', dead: 'archived|current', spare: 'current|standby' }),
      };
    },
  },
  {
    name: 'rotation-empty-pool',
    async prepare(world) {
      const old = await world.adds();
      await world.rotates();
      await world.asksToRotate();
      const key = world.makes();
      const takeIn = intake(world, key);
      return {
        ...rotation(world),
        async act() {
          await world.passes(0);
          await world.passes(minuteMs);
          await takeIn();
          await world.passes(0);
        },
        again: untilTakenIn(world, key, takeIn),
        // Whoever adds another key in that moment asks once more for the rotation that had failed.
        outcome: () => outcome(world, { old, key }, { old: 'draining', key: 'current|standby|draining' }),
      };
    },
  },
];

/** What Secrets Manager does once it was asked to rotate. */
function rotation(world: ProofWorld): Omit<Prepared, 'outcome'> {
  return {
    act: secretsManager(world),
    again: () => world.passes(5 * minuteMs),
    atOnce: stepsAgain(world),
    beside: [stepsAgain(world), beat(world, 'retirement'), intake(world, world.makes())],
  };
}

/** Whoever types it dies after the first call of this kind to AWS. */
async function diesAfter({ local }: ProofWorld, operation: string, type: () => Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = local.aws.intercept.onCall((call) => {
      if (call.phase !== 'after' || call.operation !== operation) return undefined;
      stop();
      resolve();
      return new Promise(() => undefined);
    });
    void type();
  });
}

/** The candidate dies in the Console as soon as its value stands in AWSPENDING. */
function diesOnTheWay(world: ProofWorld, key: MadeKey): void {
  const stop = world.local.aws.intercept.onCall(({ operation, phase }) => {
    if (operation !== 'PutSecretValue' || phase !== 'after') return undefined;
    stop();
    world.inConsole(key, 'archived');
    return undefined;
  });
}
