import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import { secretsOf } from '../../contract/names.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { dayMs } from '../foundation/clock.ts';

/** Managed keys that are no longer configured while a key of theirs may still work, as the ledger knows them; by name. */
export function removedKeys(records: readonly ApiKeyRecord[], configured: ReadonlySet<string>): readonly string[] {
  const works = ({ state, foundDeadAt }: ApiKeyRecord): boolean =>
    state === 'pending' || state === 'draining' || (state === 'current' && foundDeadAt === undefined);
  const names = records.filter((record) => works(record) && !configured.has(record.managedKey)).map(({ managedKey }) => managedKey);
  return [...new Set(names)].sort();
}

/**
 * By what a removed managed key is looked after: its policy went with it, so the one that harms nobody. Nothing is rotated or
 * contained by itself, and an old key that is used stays active.
 */
export function removedDefinition(installation: string, name: string): ManagedKeyDefinition {
  return {
    name,
    ...secretsOf(installation, name),
    workspaceId: '',
    rotation: {
      strategy: 'pool',
      intervalMs: 30 * dayMs,
      minimumGraceMs: dayMs,
      quietMs: dayMs,
      maximumGraceMs: 7 * dayMs,
      atMaximum: 'wait',
      undoMs: 30 * dayMs,
      maximumAgeMs: 38 * dayMs,
      lowWaterMs: dayMs,
      onDeath: 'ask',
    },
    containment: { mode: 'off', lastCredential: 'keep' },
    removed: true,
  };
}
