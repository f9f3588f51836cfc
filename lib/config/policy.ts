import type { Definitions, ManagedKeyPolicy } from '../../contract/policy.ts';
import { maximumAgeMs } from './across-fields.ts';
import { durationMs } from './duration.ts';
import type { Configuration, ManagedKeyConfiguration } from './schema.ts';

/** What a deployment of this configuration puts beside the code of each function. */
export function definitionsOf({ installation, managedKeys, detection: { timeZone }, usage: { heartbeat } }: Configuration): Definitions {
  return { schema: 1, installation, timeZone, managedKeys: managedKeys.map(policyOf), ...(heartbeat === undefined ? {} : { heartbeat }) };
}

/** What functions and commands act by, of what keyguard.json says of a managed key. */
export function policyOf({ name, workspaceId, rotation, containment, timeZone, expectedUsage }: ManagedKeyConfiguration): ManagedKeyPolicy {
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
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(expectedUsage.length === 0
      ? {}
      : { expectedUsage: expectedUsage.map(({ cron, length, because }) => ({ cron, lengthMs: durationMs(length), because })) }),
  };
}
