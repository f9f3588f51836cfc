/** What people decided: an observer must be told, because it excuses what would be a violation. */
export type Decision =
  /** Old keys, and the one that is current now, get no grace. */
  | { readonly kind: 'emergency'; readonly managedKey: string }
  /** The key is stolen: it may be cut off at any time. */
  | { readonly kind: 'containment'; readonly apiKeyId: string }
  /** An operator took the key out of the pool: it may be archived. */
  | { readonly kind: 'removal'; readonly apiKeyId: string }
  /** Nothing new is begun: a rotation that fails for this reason tells nobody. */
  | { readonly kind: 'pause' | 'resume'; readonly managedKey: string }
  /** An operator gives up the rotation that is open now: nobody need be told that it does not end. */
  | { readonly kind: 'rotation-given-up'; readonly managedKey: string }
  /** Somebody wrote the secret by hand, just now. */
  | { readonly kind: 'secret-written'; readonly managedKey: string };

/** The decisions so far, by what they are about. */
export interface Decided {
  /** Until when API keys get no grace (epoch ms): an emergency's for a day, stolen ones for ever. */
  readonly revocableUntil: Map<string, number>;
  readonly removed: Set<string>;
  /** When managed keys were paused; without `until` they still are. */
  readonly pauses: Pause[];
  /** Versions whose rotation an operator gave up. */
  readonly givenUp: Set<string>;
  /** Versions of consumer secrets that people wrote. */
  readonly written: Set<string>;
}

interface Pause {
  readonly managedKey: string;
  readonly from: number;
  until?: number;
}

export function nothingDecided(): Decided {
  return { revocableUntil: new Map(), removed: new Set(), pauses: [], givenUp: new Set(), written: new Set() };
}

/** Whether somebody may take the key at `at` without grace. */
export function mayBeRevoked({ revocableUntil }: Decided, apiKeyId: string, at: number): boolean {
  return at < (revocableUntil.get(apiKeyId) ?? 0);
}

/** Whether the managed key is paused now. */
export function isPaused({ pauses }: Decided, managedKey: string): boolean {
  return pauses.some((pause) => pause.managedKey === managedKey && pause.until === undefined);
}

/** Whether anybody ever paused it. */
export function wasPaused({ pauses }: Decided, managedKey: string): boolean {
  return pauses.some((pause) => pause.managedKey === managedKey);
}

/** Whether a pause may have broken off what began at `at`, and had `patienceMs` to end. */
export function isBrokenOffByPause({ pauses }: Decided, managedKey: string, at: number, patienceMs: number): boolean {
  return pauses.some((pause) => pause.managedKey === managedKey && pause.from <= at + patienceMs && at <= (pause.until ?? at));
}
