import type { ApiKeyRecord } from '../../../contract/records.ts';
import { dayMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import type { Snapshot } from '../../../lambda/rotation/conditions.ts';
import type { ApiKeyInfo, SecretDescription } from '../../../lambda/rotation/ports.ts';
import { aDefinition, aRecord } from '../../support/records.ts';

export const now = Date.parse('2026-06-20T12:00:00Z');
export const current = aRecord({ apiKeyId: 'apikey_current', state: 'current', token: 'v1', since: now - 5 * dayMs });
export const standby = aRecord({ apiKeyId: 'apikey_standby', since: now - 5 * dayMs });

const info = (apiKeyId: string, status: ApiKeyInfo['status']): ApiKeyInfo => ({
  apiKeyId,
  name: apiKeyId,
  status,
  hint: null,
  principal: 'nobody',
  workspaceId: 'wrkspc_production',
  expiresAt: null,
});

export interface Scene {
  readonly own?: readonly ApiKeyRecord[];
  readonly statuses?: Readonly<Record<string, ApiKeyInfo['status']>>;
  readonly secret?: Partial<SecretDescription>;
  readonly tokensAt?: Readonly<Record<string, number>>;
  readonly knownUntil?: number;
}

/** A healthy managed key, but for what a test says. */
export function seen({
  own = [current, standby],
  statuses = {},
  secret = {},
  tokensAt = {},
  knownUntil = now - 6 * minuteMs,
}: Scene = {}): Snapshot {
  const all = { apikey_current: 'active', apikey_standby: 'inactive', ...statuses } as const;
  return {
    definition: aDefinition(),
    own,
    secret: {
      rotationEnabled: true,
      stages: new Map([['v1', ['AWSCURRENT']]]),
      nextRotationAt: now + 25 * dayMs,
      lastRotatedAt: now - 5 * dayMs,
      lastChangedAt: now - 5 * dayMs,
      replicas: [],
      stackName: 'keyguard',
      deletionAt: null,
      ...secret,
    },
    infos: new Map(Object.entries(all).map(([id, status]) => [id, info(id, status)])),
    lastUses: new Map(
      Object.entries(tokensAt).map(([apiKeyId, at]) => [
        apiKeyId,
        { schema: 1, apiKeyId, at, model: 'claude-haiku-5-5', workspaceId: 'wrkspc_production', tokens: 9 },
      ]),
    ),
    pause: undefined,
    activeAt: new Map(),
    refused: new Set(),
    usageKnownUntil: knownUntil,
    now,
  };
}
