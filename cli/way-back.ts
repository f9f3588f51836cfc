import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { ApiKeyRecord } from '../contract/records.ts';
import { cutText } from './undo-target.ts';

/** An old key that Anthropic no longer accepts, and that an undo can still bring back. Instants are epoch ms, UTC. */
export interface WayBack {
  readonly apiKeyId: string;
  readonly hint: string;
  readonly state: 'inactive' | 'contained';
  readonly since: number;
  /** Then it is archived, for ever; or when it expires, if that is earlier. */
  readonly comesBackUntil: number;
  /** Why somebody else may have its value: an undo must name it. Null where it was merely replaced. */
  readonly cutBecause: string | null;
}

/** Whether Secrets Manager still keeps the value is seen by the undo itself: it prunes unlabelled versions when it likes. */
export function waysBack(own: readonly ApiKeyRecord[], { rotation }: ManagedKeyDefinition, now: number): readonly WayBack[] {
  return own
    .flatMap((record): readonly WayBack[] => {
      const { apiKeyId, hint, state, since, expiresAt, token, intent } = record;
      if ((state !== 'inactive' && state !== 'contained') || token === undefined || intent?.to === 'archived') return [];
      const comesBackUntil = Math.min(since + rotation.undoMs, expiresAt ?? Number.POSITIVE_INFINITY);
      if (comesBackUntil <= now) return [];
      return [{ apiKeyId, hint, state, since, comesBackUntil, cutBecause: cutText(record, now) ?? null }];
    })
    .sort((a, b) => b.since - a.since);
}
