import type { InstallationDefinition } from '../../contract/installation.ts';
import type { Definitions } from '../../contract/policy.ts';
import { channels, postedChannels } from '../../contract/registry.ts';
import { dayMs } from '../../lambda/foundation/clock.ts';
import { localChannels } from '../receivers.ts';

/** keyguard.json as somebody would have written it for this world. */
export function configurationOf(
  { installation, ...known }: InstallationDefinition,
  { managedKeys, heartbeat }: Definitions,
  emails: readonly string[],
): object {
  const { organizationId, anthropicBaseUrl: baseUrl, adminAccess } = known;
  return {
    installation,
    anthropic: { organizationId, baseUrl, adminAccess: adminAccess.kind === 'key' ? { kind: 'key' } : adminAccess },
    managedKeys: managedKeys.map(({ rotation, expectedUsage = [], ...key }) => ({
      ...key,
      expectedUsage: expectedUsage.map(({ lengthMs, ...plan }) => ({ ...plan, length: lengthOf(lengthMs) })),
      rotation: {
        strategy: rotation.strategy,
        every: lengthOf(rotation.intervalMs),
        minimumGrace: lengthOf(rotation.minimumGraceMs),
        quiet: lengthOf(rotation.quietMs),
        maximumGrace: lengthOf(rotation.maximumGraceMs),
        atMaximum: rotation.atMaximum,
        undo: lengthOf(rotation.undoMs),
        maximumAge: lengthOf(rotation.maximumAgeMs),
        lowWater: lengthOf(rotation.lowWaterMs),
        onDeath: rotation.onDeath,
      },
    })),
    alerts: { emails, ...Object.fromEntries(postedChannels.map((kind) => [channels[kind].setting, localChannels[kind].setting])) },
    ...(heartbeat === undefined ? {} : { usage: { heartbeat } }),
  };
}

function lengthOf(ms: number): string {
  return ms % dayMs === 0 ? `${ms / dayMs}d` : `${ms / 1000}s`;
}
