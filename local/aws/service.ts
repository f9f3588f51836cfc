import type { TypeRegistry } from '@smithy/core/schema';
import type { StaticOperationSchema } from '@smithy/types';
import type { WorldClock } from '../clock.ts';
import type { Agenda } from './agenda.ts';
import type { Functions } from './functions.ts';
import type { ResultFault } from './intercept.ts';
import type { Randomness } from './randomness.ts';

/** What every service stands on. */
export interface Account {
  readonly accountId: string;
  readonly region: string;
  readonly clock: WorldClock;
  readonly randomness: Randomness;
  readonly agenda: Agenda;
  readonly functions: Functions;
  /** How far back, in world time, a `stale` read may look. */
  readonly staleWindowMs: number;
}

/** One call as its operation sees it. */
export interface Call {
  readonly now: number;
  /** The fault script asked for an eventually consistent answer: the state before the last write. */
  readonly stale: boolean;
  /** The fault script asked for a part of the call to end so. */
  readonly resultFault?: ResultFault;
}

/** An answer that is an error, in AWS's words. The HTTP status comes from the SDK's error schema where it has one. */
export class AwsError extends Error {
  readonly code: string;
  readonly members: Readonly<Record<string, unknown>>;
  readonly status: number | undefined;
  constructor(code: string, message: string, members: Readonly<Record<string, unknown>> = {}, status?: number) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.members = members;
    this.status = status;
  }
}

/** For what AWS has and this world has not: never silence. It offers what the product, the demo and their tests use. */
export function notOffered(what: string): AwsError {
  return new AwsError('LocalAwsNotOffered', `The local AWS does not offer ${what}`);
}

/** Refuses a structure with other members than these. */
export function refuseOthers(given: unknown, takes: readonly string[], where: string): void {
  const other = Object.entries(given ?? {}).find(([name, value]) => value !== undefined && !takes.includes(name));
  if (other !== undefined) throw notOffered(`${where}: ${other[0]}`);
}

/**
 * The SDK marks required members as `T | undefined`; the schema check of the wire has proven them present. Unions
 * (`$unknown`) are complete as they are.
 */
export type Checked<T> = T extends string | number | boolean | Date | Uint8Array | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? Checked<Item>[]
    : string extends keyof T
      ? { [K in keyof T]: Checked<T[K]> }
      : '$unknown' extends keyof T
        ? T
        : T extends object
          ? { [K in keyof T]: object extends Pick<T, K> ? Checked<T[K]> : Checked<Exclude<T[K], undefined>> }
          : T;

/** One operation: the SDK's schema, the parameters that are offered, and what happens. */
export interface Operation {
  readonly schema: StaticOperationSchema;
  readonly takes: readonly string[];
  readonly run: (input: never, call: Call) => unknown;
}

/**
 * Binds an operation's schema to its behaviour. `I` and `O` are the SDK's own input and output types of that schema;
 * the wire checks each input against the schema, and refuses what `takes` does not name, before `run` sees it.
 */
export function operation<I extends object, O extends object>(
  schema: StaticOperationSchema,
  takes: readonly (keyof I & string)[],
  run: (input: Checked<I>, call: Call) => O | Promise<O>,
): Operation {
  return { schema, takes, run };
}

/** A service as the wire needs it. */
export interface Service {
  /** As in IAM actions and in the call log: `secretsmanager`. */
  readonly name: string;
  readonly protocol:
    | { readonly kind: 'json'; readonly version: '1.0' | '1.1'; readonly target: string; readonly queryCompatible?: true }
    | { readonly kind: 'query'; readonly version: string; readonly xmlNamespace: string }
    /** REST-JSON: each operation's schema says method and path. */
    | { readonly kind: 'rest' };
  /** The client package's error schemas. */
  readonly errors: readonly TypeRegistry[];
  readonly operations: readonly Operation[];
  /** Code and message of a throttled call: they differ from service to service. */
  readonly throttle: { readonly code: string; readonly message: string };
  readonly internalError: string;
}
