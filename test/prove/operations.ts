import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import type { WorldOptions } from '../../local/world.ts';
import type { Flow } from './gate.ts';
import { managedKey, type Ground, type MadeKey } from './ground.ts';
import { labelled, ledgerRows, versionsOf } from './sight.ts';

/** An operation about to be done, in a world made ready for it. */
export interface Prepared {
  /** What is killed and harmed. */
  readonly act: Flow;
  /** What comes or is done once more after it: AWS's own retry, the next beat, the command typed again. */
  readonly again: Flow;
  /** The same, where two of it can be at work at once. @default `again` */
  readonly atOnce?: Flow;
  /** What else may be going on at the same time, in a world without faults. */
  readonly beside: readonly Flow[];
  /** Compares what it came to with what it should have come to. */
  readonly outcome: () => Outcome;
}

/** States of API keys, by name, as they are and as they should be at rest. */
interface Outcome {
  readonly is: Readonly<Record<string, string>>;
  readonly shouldBe: Readonly<Record<string, string>>;
}

export interface Operation {
  readonly name: string;
  readonly world?: Partial<WorldOptions>;
  /** Whether the collector and the detector run. @default false */
  readonly watches?: boolean;
  readonly prepare: (ground: Ground) => Promise<Prepared>;
}

const rotationSteps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];

export const operations: readonly Operation[] = [
  {
    name: 'intake',
    async prepare(ground) {
      const first = await ground.adds();
      const key = ground.makes();
      const other = ground.makes();
      const takeIn = (): Promise<unknown> => ground.types(['standby', 'add', managedKey], `${key.value}\n`);
      return {
        act: takeIn,
        again: () => untilKnown(ground, key, takeIn),
        beside: [
          takeIn,
          () => ground.types(['standby', 'add', managedKey], `${other.value}\n`),
          async () => {
            await ground.asksToRotate();
            await ground.passes(0);
          },
          retirement(ground),
        ],
        // A rotation beside it may have taken the first key.
        outcome: () =>
          outcome(
            ground,
            { key, first },
            {
              key: 'standby',
              first: ledgerRows(ground.world).find((row) => row.apiKeyId === first.id)?.state === 'current' ? 'current' : 'standby',
            },
          ),
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
    async prepare(ground) {
      const old = await ground.adds();
      await ground.rotates();
      const next = await ground.adds();
      const type = (): Promise<unknown> => ground.types(['rotate', managedKey, '--yes']);
      return {
        act: type,
        again: async () => {
          // Who sees it done does not type it again.
          if (stateOf(ground, next) !== 'current') await type();
        },
        beside: [retirement(ground), type],
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
      ground.world.anthropic.console.setStatus(dead.id, 'archived');
      ground.observer.look();
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
      dies(ground, dead);
      return {
        ...rotation(ground),
        outcome: () => outcome(ground, { old, dead, spare }, { old: 'draining', dead: 'archived', spare: 'current' }),
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
      const takeIn = (): Promise<unknown> => ground.types(['standby', 'add', managedKey], `${key.value}\n`);
      return {
        ...rotation(ground),
        async act() {
          await ground.passes(0);
          await ground.passes(minuteMs);
          await takeIn();
          await ground.passes(0);
        },
        again: () => untilKnown(ground, key, takeIn),
        outcome: () => outcome(ground, { old, key }, { old: 'draining', key: 'current' }),
      };
    },
  },
  {
    name: 'retirement',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      await graceOver(ground, old);
      return {
        ...passOfRetirement(ground),
        outcome: () => outcome(ground, { old, next }, { old: 'inactive', next: 'current' }),
      };
    },
  },
  {
    name: 'archiving',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      await graceOver(ground, old);
      await retirement(ground)();
      await ground.passes(ground.world.definition(managedKey).rotation.undoMs);
      return {
        ...passOfRetirement(ground),
        outcome: () => outcome(ground, { old, next }, { old: 'archived', next: 'current' }),
      };
    },
  },
];

/** Two keys, of which the second is current and the first in its grace. */
async function rotated(ground: Ground): Promise<{ readonly old: MadeKey; readonly next: MadeKey }> {
  const old = await ground.adds();
  const next = await ground.adds();
  await ground.rotates();
  ground.uses(old);
  await ground.passes(30 * minuteMs);
  ground.uses(old);
  await ground.rotates();
  return { old, next };
}

/** The old key's grace is over by evidence, and nobody has looked since. */
async function graceOver(ground: Ground, old: MadeKey): Promise<void> {
  ground.world.aws.schedules.disable('retirement');
  await ground.passes(10 * hourMs);
  ground.uses(old);
  await ground.collects();
  for (const hours of [15, 1]) {
    await ground.passes(hours * hourMs);
    await ground.collects();
  }
}

/** The candidate dies in the Console as soon as its value stands in AWSPENDING. */
function dies(ground: Ground, key: MadeKey): void {
  const stop = ground.world.aws.intercept.onCall(({ operation, phase }) => {
    if (operation !== 'PutSecretValue' || phase !== 'after') return undefined;
    stop();
    ground.world.anthropic.console.setStatus(key.id, 'archived');
    ground.observer.look();
    return undefined;
  });
}

/** What Secrets Manager does once it was asked to rotate. */
function rotation(ground: Ground): Omit<Prepared, 'outcome'> {
  const act = (): Promise<void> => ground.passes(0);
  return {
    act,
    again: () => ground.passes(5 * minuteMs),
    atOnce: () => steps(ground),
    beside: [() => steps(ground), retirement(ground), () => ground.types(['standby', 'add', managedKey], `${ground.makes().value}\n`)],
  };
}

/** Secrets Manager calls the steps of the open rotation, as it does when it tries again. */
async function steps(ground: Ground): Promise<void> {
  const { secretArn } = ground.world.definition(managedKey);
  const token = labelled(versionsOf(ground.world, secretArn, new Map()), 'AWSPENDING')?.versionId;
  if (token === undefined) return;
  for (const step of rotationSteps) {
    await ground.world.aws.functions.invoke('rotation', { Step: step, SecretId: secretArn, ClientRequestToken: token }, `again:${step}`);
  }
}

function passOfRetirement(ground: Ground): Omit<Prepared, 'outcome'> {
  const act = retirement(ground);
  return {
    act,
    again: async () => {
      await act();
      ground.world.aws.schedules.enable('retirement');
    },
    atOnce: act,
    beside: [
      act,
      () => ground.types(['standby', 'add', managedKey], `${ground.makes().value}\n`),
      async () => {
        await ground.passes(0);
      },
    ],
  };
}

function retirement(ground: Ground): Flow {
  return async () => {
    try {
      await ground.world.aws.functions.invoke('retirement', {}, 'by hand');
    } catch {
      // As Scheduler takes it: the function's error is in its log, and the next beat comes.
    }
  };
}

/** A person types the command until it succeeds, or says that the key is there. */
async function untilKnown(ground: Ground, key: MadeKey, type: Flow): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await type();
    if (stateOf(ground, key) !== undefined) return;
    ground.world.clock.advance(minuteMs);
  }
}

function stateOf(ground: Ground, key: MadeKey): string | undefined {
  return ledgerRows(ground.world).find((row) => row.apiKeyId === key.id)?.state;
}

function outcome(ground: Ground, keys: Readonly<Record<string, MadeKey>>, shouldBe: Readonly<Record<string, string>>): Outcome {
  const is = Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, stateOf(ground, key) ?? 'unknown to the ledger']));
  return { is, shouldBe };
}
