import type { ManagedKeyPolicy } from '../../contract/policy.ts';
import { maximumAgeMs } from './across-fields.ts';
import { durationMs } from './duration.ts';
import type { ManagedKeyConfiguration } from './schema.ts';

/** What functions and commands act by, of what keyguard.json says of a managed key. */
export function policyOf({ name, workspaceId, rotation, containment }: ManagedKeyConfiguration): ManagedKeyPolicy {
  return {
    name,
    workspaceId,
    rotation: {
      strategy: rotation.strategy,
      intervalMs: durationMs(rotation.every),
      minimumGraceMs: durationMs(rotation.minimumGrace),
      quietMs: durationMs(rotation.quiet),
      maximumGraceMs: durationMs(rotation.maximumGrace),
      atMaximum: rotation.atMaximum,
      undoMs: durationMs(rotation.undo),
      maximumAgeMs: maximumAgeMs(rotation),
      lowWaterMs: durationMs(rotation.lowWater),
      onDeath: rotation.onDeath,
    },
    containment,
  };
}
