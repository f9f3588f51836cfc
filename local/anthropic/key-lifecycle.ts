import { invalidRequest } from './errors.ts';

export type KeyStatus = 'active' | 'inactive' | 'archived' | 'expired';
/** What a person or a call can set; `expired` comes with time alone. */
export type SettableStatus = Exclude<KeyStatus, 'expired'>;

export interface StatusChange {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly status: KeyStatus;
  /** Who did it: a credential's id, `console`, `anthropic`, `workspace` (archived with it), or `expiry`. */
  readonly by: string;
}

/** The part of a key that lives through time. Its history begins with its creation. */
export interface KeyLife {
  readonly expiresAt: number | null;
  readonly history: StatusChange[];
}

/** The status that reads show at `now`. Archived stays archived; everything else expires. */
export function statusAt(life: KeyLife, now: number): KeyStatus {
  const set = life.history.at(-1)?.status ?? 'active';
  if (set === 'archived') return 'archived';
  return life.expiresAt !== null && now >= life.expiresAt ? 'expired' : set;
}

/**
 * Whether the key's value opens anything at `now`. A change takes effect `delayMs` after it was made, in both
 * directions; Anthropic publishes no figure for it, so callers must probe. Expiry needs no time to spread.
 */
export function worksAt(life: KeyLife, now: number, delayMs: number): boolean {
  if (life.expiresAt !== null && now >= life.expiresAt) return false;
  const inForce = life.history.findLast((change, index) => index === 0 || change.at + delayMs <= now);
  return inForce?.status === 'active';
}

/**
 * Moves the key to `next`, or throws the API's refusal. Setting what is already set is no change.
 * Rules: facts on status semantics; the exact errors for archived and expired keys are not published.
 */
export function changeStatus(life: KeyLife, next: SettableStatus, by: string, now: number): 'changed' | 'unchanged' {
  const current = statusAt(life, now);
  if (current === next) return 'unchanged';
  if (current === 'archived') throw invalidRequest('API key is archived; archiving is permanent');
  if (current === 'expired' && next !== 'archived')
    throw invalidRequest('API key has expired and cannot be reactivated; it can only be archived');
  life.history.push({ at: now, status: next, by });
  return 'changed';
}

/** Every status that the key had until `now`, expiry included, oldest first. */
export function historyUntil(life: KeyLife, now: number): readonly StatusChange[] {
  const { expiresAt, history } = life;
  if (expiresAt === null || now < expiresAt) return [...history];
  const expiry: StatusChange = { at: expiresAt, status: 'expired', by: 'expiry' };
  const archived = history.find((change) => change.status === 'archived');
  if (archived !== undefined && archived.at < expiresAt) return [...history];
  // Nothing but archiving can follow expiry.
  return [...history.filter((change) => change !== archived), expiry, ...(archived === undefined ? [] : [archived])];
}
