import type { Cause } from '../../contract/causes.ts';
import type { StrategyKind } from '../../contract/registry.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { Secret } from '../foundation/secret.ts';
import type { RotationPorts } from './ports.ts';

/** An old key that an operator wants back cannot serve, and it is still claimed. Nobody asked for another key in its place. */
export interface NotBack {
  readonly verdict: 'not back';
  readonly apiKeyId: string;
  readonly cause: Cause;
}

/** This rotation's candidate can never become current, and whatever was claimed is put away. A rotation has one: the next one is another's. */
export interface Lost {
  readonly verdict: 'lost';
  /** Absent: there was none. */
  readonly apiKeyId?: string;
  readonly cause: Cause;
}

/** `good`: with the key that was looked at. */
export type CandidateVerdict = { readonly verdict: 'good'; readonly apiKeyId: string } | Lost | NotBack;

/** Where a rotation's new credential comes from. Asks ports; must survive being killed and run again with the same token. */
export interface RotationStrategy {
  /** A proven, active credential claimed for `token`. Throws KeyguardError with instructions when there is none to be had, and `Unavailable` when nobody can tell now. */
  obtain(definition: ManagedKeyDefinition, token: string, ports: RotationPorts): Promise<Secret | Lost | NotBack>;
  /** Makes sure that the credential claimed for `token` is usable. Throws `Unavailable` when nobody can tell now. */
  assure(definition: ManagedKeyDefinition, token: string, ports: RotationPorts): Promise<CandidateVerdict>;
  /** Right-key proof of what AWSPENDING holds. Throws `Unavailable` when nobody can tell now. */
  prove(definition: ManagedKeyDefinition, token: string, ports: RotationPorts): Promise<CandidateVerdict>;
  /** Gives what is claimed for `token` back, as it was before. */
  release(definition: ManagedKeyDefinition, token: string, cause: Cause, ports: RotationPorts): Promise<void>;
  /** After the switch: what nobody needs any more is cleared away. The rotation has succeeded by then, so that it throws nothing. */
  clearAway(definition: ManagedKeyDefinition, ports: RotationPorts): Promise<void>;
}

/** Loaded when a key asks for it, and once: a heavy strategy must not slow the others' cold start. */
export const strategies = {
  pool: once(async () => (await import('./strategies/pool.ts')).pool),
} as const satisfies Record<StrategyKind, () => Promise<RotationStrategy>>;

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => (loaded ??= load());
}
