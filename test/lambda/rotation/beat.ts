import { expect } from 'vitest';
import { reconcileKey } from '../../../lambda/rotation/reconcile.ts';
import type { Stage } from './stage.ts';

/** One beat's look at one key, with the proof that it owes then. */
export async function reconciled(stage: Stage, apiKeyId: string, paused = false): Promise<void> {
  const snapshot = await stage.snapshot();
  const pause = { schema: 1, managedKey: snapshot.definition.name, at: snapshot.now, by: 'operator', because: 'a freeze' } as const;
  const proof = await reconcileKey(stage.record(apiKeyId), paused ? { ...snapshot, pause } : snapshot, stage.ports, stage.tally);
  await proof?.();
}

/** The beat neither changes anything, nor is the key another one afterwards. */
export async function isLeftAlone(stage: Stage, apiKeyId: string, paused = false): Promise<void> {
  const before = stage.record(apiKeyId);
  await reconciled(stage, apiKeyId, paused);
  expect(stage.effects).toEqual([]);
  expect(stage.record(apiKeyId)).toEqual(before);
}
