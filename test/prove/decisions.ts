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
  /** API keys that get no grace: an emergency's or stolen ones. */
  readonly noGrace: Set<string>;
  readonly removed: Set<string>;
  /** Managed keys that are paused now, and that were at some time. */
  readonly paused: Set<string>;
  readonly everPaused: Set<string>;
  /** Versions whose rotation an operator gave up. */
  readonly givenUp: Set<string>;
  /** Versions of consumer secrets that people wrote. */
  readonly written: Set<string>;
}

export function nothingDecided(): Decided {
  return { noGrace: new Set(), removed: new Set(), paused: new Set(), everPaused: new Set(), givenUp: new Set(), written: new Set() };
}
