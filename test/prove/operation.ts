import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import type { WorldOptions } from '../../local/world.ts';
import type { Said } from '../cli/shell.ts';
import type { Flow } from './gate.ts';
import { managedKey, type ProofWorld, type MadeKey } from './world.ts';
import { labelled, ledgerRows, versionsOf } from './observations.ts';

/** One thing that the engine or an operator does: made ready in a world of its own, and then tried with a fault at every call. */
export interface Operation {
  readonly name: string;
  readonly world?: Partial<WorldOptions>;
  /** Whether a person types it, and may not do so again. */
  readonly isTyped?: true;
  readonly prepare: (world: ProofWorld) => Promise<Prepared>;
}

/** An operation about to be done, in a world made ready for it. */
export interface Prepared {
  /** What is killed and meets faults. */
  readonly act: Flow;
  /** What comes or is done once more after it: AWS's own retry, the next beat, the command typed again. */
  readonly again: Flow;
  /** The same, where two of it can be at work at once. @default `again` */
  readonly atOnce?: Flow;
  /** What else may be going on at the same time, in a world without faults. */
  readonly beside: readonly Flow[];
  /** Compares what it came to with what it should have come to, at quiescence. */
  readonly outcome: () => Outcome | Promise<Outcome>;
}

/** What has become of keys and other things, by name. */
export interface Outcome {
  readonly is: Readonly<Record<string, string>>;
  /** More than one word where other work beside it may decide: `current|standby`. */
  readonly shouldBe: Readonly<Record<string, string>>;
}

/** The states of these keys in the ledger. */
export function outcome(world: ProofWorld, keys: Readonly<Record<string, MadeKey>>, shouldBe: Readonly<Record<string, string>>): Outcome {
  const is = Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, stateOf(world, key) ?? 'unknown to the ledger']));
  return { is, shouldBe };
}

export function stateOf(world: ProofWorld, key: MadeKey): string | undefined {
  return ledgerRows(world.local).find((row) => row.apiKeyId === key.id)?.state;
}

/**
 * Whoever saw an intake broken off adds the key again: at once, and if that is refused, in some minutes, when retirement has
 * deactivated the key and it has to be enabled first.
 */
export function untilTakenIn(world: ProofWorld, key: MadeKey, type: () => Promise<Said>): Flow {
  const isTakenIn = (): boolean =>
    ledgerRows(world.local).some(({ apiKeyId, isVerifiedInactive }) => apiKeyId === key.id && isVerifiedInactive);
  return async () => {
    for (let attempt = 0; attempt < 3 && !isTakenIn(); attempt += 1) {
      if ((await type()).code === 0) return;
      await world.passes(11 * minuteMs);
      if (!isTakenIn()) world.inConsole(key, 'active');
    }
  };
}

/** Two keys, of which the second is current and the first in its grace. */
export async function rotated(world: ProofWorld): Promise<{ readonly old: MadeKey; readonly next: MadeKey }> {
  const old = await world.adds();
  const next = await world.adds();
  await world.rotates();
  world.uses(old);
  await world.passes(30 * minuteMs);
  world.uses(old);
  await world.rotates();
  return { old, next };
}

/** The old key's grace is over by evidence, and retirement has not looked since; before, it looked and had to wait. */
export async function graceOver(world: ProofWorld, old: MadeKey): Promise<void> {
  await world.passes(10 * hourMs);
  world.uses(old);
  await world.collects();
  await world.passes(7 * hourMs);
  await world.collects();
  await beat(world, 'retirement')();
  world.local.aws.schedules.disable('retirement');
  for (const hours of [8, 1]) {
    await world.passes(hours * hourMs);
    await world.collects();
  }
}

/** Secrets Manager begins what it was asked to do. */
export function secretsManager(world: ProofWorld): Flow {
  return () => world.passes(0);
}

/** Somebody asks Secrets Manager to rotate, and it begins. */
export function askedRotation(world: ProofWorld): Flow {
  return async () => {
    await world.asksToRotate();
    await world.passes(0);
  };
}

/** Secrets Manager calls the steps of the open rotation, as it does when it tries again. */
export function stepsAgain(world: ProofWorld): Flow {
  return async () => {
    const { secretArn } = world.local.definition(managedKey);
    const token = labelled(versionsOf(world.local, secretArn, new Map()), 'AWSPENDING')?.versionId;
    if (token === undefined) return;
    for (const step of ['createSecret', 'setSecret', 'testSecret', 'finishSecret']) {
      await world.local.aws.functions.invoke('rotation', { Step: step, SecretId: secretArn, ClientRequestToken: token }, `again:${step}`);
    }
  };
}

/** Scheduler calls a function; what it fails with is in its log, and the next beat comes. */
export function beat(world: ProofWorld, name: 'retirement' | 'anomaly-detector'): Flow {
  return async () => {
    try {
      await world.local.aws.functions.invoke(name, {}, 'by hand');
    } catch {
      return;
    }
  };
}

export function typed(world: ProofWorld, ...args: readonly string[]): () => Promise<Said> {
  return () => world.types(args);
}

/** A person takes in a key. */
export function intake(world: ProofWorld, key: MadeKey): () => Promise<Said> {
  return () => world.types(['standby', 'add', managedKey], `${key.value}\n`);
}

/**
 * A person types a command again, three times at the most: until it says that it is done, or until there is nothing left to do,
 * as the person sees it.
 */
export function untilDone(world: ProofWorld, type: () => Promise<Said>, nothingLeft: () => boolean = () => false): Flow {
  return async () => {
    for (let attempt = 0; attempt < 3 && !nothingLeft(); attempt += 1) {
      if ((await type()).code === 0) return;
      world.local.clock.advance(minuteMs);
    }
  };
}
