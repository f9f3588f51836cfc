import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { managedKey, type Ground, type MadeKey } from '../ground.ts';
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
    async prepare(ground) {
      const key = ground.makes();
      const act = intake(ground, key);
      await ground.asksToRotate();
      return {
        act,
        again: untilTakenIn(ground, key, act),
        atOnce: act,
        // A rotation waits for the very key that is being taken in.
        beside: [stepsAgain(ground), act],
        outcome: () => outcome(ground, { key }, { key: 'current' }),
      };
    },
  },
  {
    name: 'intake',
    async prepare(ground) {
      const first = await ground.adds();
      const key = ground.makes();
      const act = intake(ground, key);
      return {
        act,
        again: untilTakenIn(ground, key, act),
        atOnce: act,
        beside: [act, intake(ground, ground.makes()), askedRotation(ground), beat(ground, 'retirement')],
        outcome: () => outcome(ground, { key, first }, { key: 'standby', first: 'standby|current' }),
      };
    },
  },
  {
    name: 'intake-of-sleeping-key',
    async prepare(ground) {
      const first = await ground.adds();
      const key = ground.makes();
      ground.inConsole(key, 'inactive');
      // Until it is felt.
      ground.world.clock.advance(minuteMs);
      const add = intake(ground, key);
      // It is refused, and the person does what the refusal says.
      const act = async (): Promise<void> => {
        await add();
        ground.inConsole(key, 'active');
        ground.world.clock.advance(minuteMs);
        await add();
      };
      return {
        act,
        again: untilTakenIn(ground, key, add),
        atOnce: add,
        beside: [add, askedRotation(ground), beat(ground, 'retirement')],
        outcome: () => outcome(ground, { key, first }, { key: 'standby', first: 'standby|current' }),
      };
    },
  },
  {
    name: 'intake-again',
    async prepare(ground) {
      const old = await ground.adds();
      await ground.rotates();
      const spare = await ground.adds();
      const key = ground.makes();
      const act = intake(ground, key);
      await diesAfter(ground, 'TransactWriteItems', act);
      // Retirement puts it to sleep, a rotation goes by, and the person does what is said of the key.
      await ground.rotates();
      await ground.passes(11 * minuteMs);
      ground.inConsole(key, 'active');
      ground.world.clock.advance(minuteMs);
      return {
        act,
        again: untilTakenIn(ground, key, act),
        atOnce: act,
        beside: [act, askedRotation(ground), beat(ground, 'retirement')],
        outcome: () => outcome(ground, { old, spare, key }, { old: 'draining', spare: 'current|draining', key: 'standby|current' }),
      };
    },
  },
];

export const rotations: readonly Operation[] = [
  {
    name: 'rotation-at-key-limit',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      const other = ground.makes();
      ground.world.anthropic.console.adjust({ activeKeysPerOrganization: 3 });
      await ground.asksToRotate();
      return {
        // It fails, and a person disables a key that nobody uses.
        async act() {
          await ground.passes(0);
          ground.inConsole(other, 'inactive');
          await ground.passes(5 * minuteMs);
        },
        again: () => ground.passes(5 * minuteMs),
        atOnce: stepsAgain(ground),
        beside: [stepsAgain(ground), beat(ground, 'retirement')],
        outcome: () => outcome(ground, { old, next, spare }, { old: 'draining', next: 'draining', spare: 'current' }),
      };
    },
  },
  {
    name: 'first-rotation',
    async prepare(ground) {
      const key = await ground.adds();
      await ground.asksToRotate();
      return { ...rotation(ground), outcome: () => outcome(ground, { key }, { key: 'current' }) };
    },
  },
  {
    name: 'rotation',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      await ground.asksToRotate();
      return {
        ...rotation(ground),
        outcome: () => outcome(ground, { old, next, spare }, { old: 'draining', next: 'draining', spare: 'current' }),
      };
    },
  },
  {
    name: 'rotation-typed',
    isTyped: true,
    async prepare(ground) {
      const old = await ground.adds();
      await ground.rotates();
      const next = await ground.adds();
      const act = typed(ground, 'rotate', managedKey, '--yes');
      return {
        act,
        again: untilDone(ground, act, () => stateOf(ground, next) === 'current'),
        beside: [beat(ground, 'retirement'), act],
        outcome: () => outcome(ground, { old, next }, { old: 'draining', next: 'current' }),
      };
    },
  },
  {
    name: 'rotation-dead-candidate',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const dead = await ground.adds();
      const spare = await ground.adds();
      ground.inConsole(dead, 'archived');
      await ground.asksToRotate();
      return {
        ...rotation(ground),
        outcome: () =>
          outcome(ground, { old, next, dead, spare }, { old: 'draining', next: 'draining', dead: 'archived', spare: 'current' }),
      };
    },
  },
  {
    name: 'rotation-losing-candidate',
    async prepare(ground) {
      const old = await ground.adds();
      await ground.rotates();
      const dead = await ground.adds();
      const spare = await ground.adds();
      await ground.asksToRotate();
      diesOnTheWay(ground, dead);
      return {
        ...rotation(ground),
        // Where the Admin API is behind and the value still answers, nobody can know; people are told of a dead current key.
        outcome: () => outcome(ground, { old, dead, spare }, { old: 'draining', dead: 'archived|current', spare: 'current|standby' }),
      };
    },
  },
  {
    name: 'rotation-empty-pool',
    async prepare(ground) {
      const old = await ground.adds();
      await ground.rotates();
      await ground.asksToRotate();
      const key = ground.makes();
      const takeIn = intake(ground, key);
      return {
        ...rotation(ground),
        async act() {
          await ground.passes(0);
          await ground.passes(minuteMs);
          await takeIn();
          await ground.passes(0);
        },
        again: untilTakenIn(ground, key, takeIn),
        // Whoever adds another key in that moment asks once more for the rotation that had failed.
        outcome: () => outcome(ground, { old, key }, { old: 'draining', key: 'current|standby|draining' }),
      };
    },
  },
];

/** What Secrets Manager does once it was asked to rotate. */
function rotation(ground: Ground): Omit<Prepared, 'outcome'> {
  return {
    act: secretsManager(ground),
    again: () => ground.passes(5 * minuteMs),
    atOnce: stepsAgain(ground),
    beside: [stepsAgain(ground), beat(ground, 'retirement'), intake(ground, ground.makes())],
  };
}

/** Whoever types it dies after the first call of this kind to AWS. */
async function diesAfter({ world }: Ground, operation: string, type: () => Promise<unknown>): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = world.aws.intercept.onCall((call) => {
      if (call.phase !== 'after' || call.operation !== operation) return undefined;
      stop();
      resolve();
      return new Promise(() => undefined);
    });
    void type();
  });
}

/** The candidate dies in the Console as soon as its value stands in AWSPENDING. */
function diesOnTheWay(ground: Ground, key: MadeKey): void {
  const stop = ground.world.aws.intercept.onCall(({ operation, phase }) => {
    if (operation !== 'PutSecretValue' || phase !== 'after') return undefined;
    stop();
    ground.inConsole(key, 'archived');
    return undefined;
  });
}
