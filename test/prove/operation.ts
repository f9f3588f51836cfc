import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import type { WorldOptions } from '../../local/world.ts';
import type { Said } from '../cli/shell.ts';
import type { Flow } from './gate.ts';
import { managedKey, type Ground, type MadeKey } from './ground.ts';
import { labelled, ledgerRows, versionsOf } from './sight.ts';

/** One thing that the engine or an operator does: made ready in a world of its own, and then harmed at every call. */
export interface Operation {
  readonly name: string;
  readonly world?: Partial<WorldOptions>;
  /** Whether a person types it, and may not do so again. */
  readonly isTyped?: true;
  readonly prepare: (ground: Ground) => Promise<Prepared>;
}

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
  /** Compares what it came to with what it should have come to, once the world is at rest. */
  readonly outcome: () => Outcome | Promise<Outcome>;
}

/** What has become of keys and other things, by name. */
export interface Outcome {
  readonly is: Readonly<Record<string, string>>;
  /** More than one word where other work beside it may decide: `current|standby`. */
  readonly shouldBe: Readonly<Record<string, string>>;
}

/** The states of these keys in the ledger. */
export function outcome(ground: Ground, keys: Readonly<Record<string, MadeKey>>, shouldBe: Readonly<Record<string, string>>): Outcome {
  const is = Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, stateOf(ground, key) ?? 'unknown to the ledger']));
  return { is, shouldBe };
}

export function stateOf(ground: Ground, key: MadeKey): string | undefined {
  return ledgerRows(ground.world).find((row) => row.apiKeyId === key.id)?.state;
}

/**
 * Whoever saw an intake broken off adds the key again: at once, and if that is refused, in some minutes, when retirement has put the
 * key to sleep and it has to be enabled first.
 */
export function untilTakenIn(ground: Ground, key: MadeKey, type: () => Promise<Said>): Flow {
  const isTakenIn = (): boolean => ledgerRows(ground.world).some(({ apiKeyId, isParked }) => apiKeyId === key.id && isParked);
  return async () => {
    for (let attempt = 0; attempt < 3 && !isTakenIn(); attempt += 1) {
      if ((await type()).code === 0) return;
      await ground.passes(11 * minuteMs);
      if (!isTakenIn()) ground.inConsole(key, 'active');
    }
  };
}

/** Two keys, of which the second is current and the first in its grace. */
export async function rotated(ground: Ground): Promise<{ readonly old: MadeKey; readonly next: MadeKey }> {
  const old = await ground.adds();
  const next = await ground.adds();
  await ground.rotates();
  ground.uses(old);
  await ground.passes(30 * minuteMs);
  ground.uses(old);
  await ground.rotates();
  return { old, next };
}

/** The old key's grace is over by evidence, and retirement has not looked since; before, it looked and had to wait. */
export async function graceOver(ground: Ground, old: MadeKey): Promise<void> {
  await ground.passes(10 * hourMs);
  ground.uses(old);
  await ground.collects();
  await ground.passes(7 * hourMs);
  await ground.collects();
  await beat(ground, 'retirement')();
  ground.world.aws.schedules.disable('retirement');
  for (const hours of [8, 1]) {
    await ground.passes(hours * hourMs);
    await ground.collects();
  }
}

/** Secrets Manager begins what it was asked to do. */
export function secretsManager(ground: Ground): Flow {
  return () => ground.passes(0);
}

/** Somebody asks Secrets Manager to rotate, and it begins. */
export function askedRotation(ground: Ground): Flow {
  return async () => {
    await ground.asksToRotate();
    await ground.passes(0);
  };
}

/** Secrets Manager calls the steps of the open rotation, as it does when it tries again. */
export function stepsAgain(ground: Ground): Flow {
  return async () => {
    const { secretArn } = ground.world.definition(managedKey);
    const token = labelled(versionsOf(ground.world, secretArn, new Map()), 'AWSPENDING')?.versionId;
    if (token === undefined) return;
    for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret']) {
      await ground.world.aws.functions.invoke('rotation', { Step: step, SecretId: secretArn, ClientRequestToken: token }, `again:${step}`);
    }
  };
}

/** Scheduler calls a function; what it fails with is in its log, and the next beat comes. */
export function beat(ground: Ground, name: 'retirement' | 'anomaly-detector'): Flow {
  return async () => {
    try {
      await ground.world.aws.functions.invoke(name, {}, 'by hand');
    } catch {
      return;
    }
  };
}

export function typed(ground: Ground, ...args: readonly string[]): () => Promise<Said> {
  return () => ground.types(args);
}

/** A person takes in a key. */
export function intake(ground: Ground, key: MadeKey): () => Promise<Said> {
  return () => ground.types(['standby', 'add', managedKey], `${key.value}\n`);
}

/**
 * A person types a command again, three times at the most: until it says that it is done, or until there is nothing left to do,
 * as the person sees it.
 */
export function untilDone(ground: Ground, type: () => Promise<Said>, nothingLeft: () => boolean = () => false): Flow {
  return async () => {
    for (let attempt = 0; attempt < 3 && !nothingLeft(); attempt += 1) {
      if ((await type()).code === 0) return;
      ground.world.clock.advance(minuteMs);
    }
  };
}
