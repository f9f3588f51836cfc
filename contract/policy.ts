import type { HeartbeatDefinition } from './heartbeat.ts';
import type { StrategyKind } from './registry.ts';
import { secretsOf, type ManagedKeySecrets } from './names.ts';

/** How one managed key rotates. All lengths in milliseconds. */
export interface RotationPolicy {
  readonly strategy: StrategyKind;
  readonly intervalMs: number;
  /** Shortest time that the old key stays active after the switch. */
  readonly minimumGraceMs: number;
  /** How long the old key must have shown no tokens before it may become inactive. */
  readonly quietMs: number;
  /** After this time an old key that is still used is a matter for `atMaximum`. */
  readonly maximumGraceMs: number;
  /** `wait` keeps a straggling old key active and says so; `cut` makes it inactive. */
  readonly atMaximum: 'wait' | 'cut';
  /** `rotate` replaces a current key that died by a standby key, by itself; `ask` leaves that to people. */
  readonly onDeath: 'rotate' | 'ask';
  /** How long an inactive key can still be brought back before it is archived, which is for ever. */
  readonly undoMs: number;
  /** The longest that one API key may live between its first and its last use. */
  readonly maximumAgeMs: number;
  /** People are asked for the next standby key when the pool reaches less far than this. */
  readonly lowWaterMs: number;
}

/**
 * How many standby keys one managed key can hold: a secret carries 20 staging labels over all its versions, one of which is
 * AWSCURRENT (docs/decisions/0002).
 */
export const mostStandbyKeys = 19;

/** What happens by itself when a managed key's usage looks stolen. */
export interface ContainmentPolicy {
  readonly mode: 'off' | 'auto';
  /** `keep`: never take the managed key's last working credential (I8). `cut`: take even that one. */
  readonly lastCredential: 'keep' | 'cut';
}

/** What is written of one managed key: the part of the configuration that the functions act by. Never holds a value. */
export interface ManagedKeyPolicy {
  readonly name: string;
  readonly workspaceId: string;
  readonly rotation: RotationPolicy;
  readonly containment: ContainmentPolicy;
  /** IANA name: what is usual is learnt by these clocks. Absent: by the installation's. */
  readonly timeZone?: string;
  /** When unusual usage is expected, by these clocks. */
  readonly expectedUsage?: readonly ExpectedUsagePlan[];
}

/** A window of expected usage that comes again: five fields of cron, and why. */
export interface ExpectedUsagePlan {
  readonly cron: string;
  readonly lengthMs: number;
  /** @sentence */
  readonly because: string;
}

/** What functions and commands know of one managed key. */
export interface ManagedKeyDefinition extends ManagedKeyPolicy, ManagedKeySecrets {
  /** It is no longer configured: looked after until its keys are inactive, and never rotated. */
  readonly removed?: true;
}

/**
 * What an installation manages: `definitions.json` beside the code of each function, written at synth. It travels with the
 * code, so that only a deployment can change it.
 */
export interface Definitions {
  readonly schema: 1;
  readonly installation: string;
  /** IANA name: of usage that names no zone of its own. */
  readonly timeZone: string;
  readonly managedKeys: readonly ManagedKeyPolicy[];
  readonly heartbeat?: HeartbeatDefinition;
}

/** What an operator may ask of the rotation function: its definitions. */
export const definitionsRequest = { operation: 'definitions' } as const;

export function isDefinitionsRequest(event: unknown): boolean {
  return event instanceof Object && Object.keys(event).length === 1 && Reflect.get(event, 'operation') === definitionsRequest.operation;
}

export const definitionsFile = 'definitions.json';

export function managedKeysOf({ installation, managedKeys }: Definitions): readonly ManagedKeyDefinition[] {
  return managedKeys.map((policy) => ({ ...policy, ...secretsOf(installation, policy.name) }));
}
