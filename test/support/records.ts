import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { dayMs, hourMs } from '../../lambda/foundation/clock.ts';

/** A policy with round numbers; a test says what it changes. */
export const policy: ManagedKeyDefinition['rotation'] = {
  strategy: 'pool',
  intervalMs: 30 * dayMs,
  minimumGraceMs: dayMs,
  quietMs: 6 * hourMs,
  maximumGraceMs: 7 * dayMs,
  atMaximum: 'wait',
  onDeath: 'rotate',
  undoMs: 7 * dayMs,
  maximumAgeMs: 38 * dayMs,
  lowWaterMs: 14 * dayMs,
};

export function aDefinition(changes: Partial<ManagedKeyDefinition> = {}): ManagedKeyDefinition {
  return {
    name: 'production',
    secretName: 'keyguard/production/consumers',
    standbySecretName: 'keyguard/production/standby',
    workspaceId: 'wrkspc_production',
    rotation: policy,
    containment: { mode: 'auto', lastCredential: 'keep' },
    ...changes,
  };
}

export function aRecord(changes: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
  return {
    schema: 1,
    apiKeyId: 'apikey_one',
    managedKey: 'production',
    state: 'standby',
    revision: 1,
    since: 0,
    hint: 'sk-ant-api03-FAK...AAAA',
    expiresAt: null,
    addedAt: 0,
    standbyVersionId: 'version-one',
    ...changes,
  };
}
