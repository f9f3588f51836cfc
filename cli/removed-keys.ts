import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { ApiKeyRecord } from '../contract/records.ts';
import { removedKeys } from '../lambda/rotation/removed.ts';

/** A managed key that keyguard.json no longer has, while keys of it may still work. */
export interface RemovedKey {
  readonly name: string;
  readonly apiKeys: readonly Pick<ApiKeyRecord, 'apiKeyId' | 'state'>[];
}

export function removedFrom(records: readonly ApiKeyRecord[], managedKeys: readonly ManagedKeyDefinition[]): readonly RemovedKey[] {
  return removedKeys(records, new Set(managedKeys.map(({ name }) => name))).map((name) => ({
    name,
    apiKeys: records
      .filter(({ managedKey, state }) => managedKey === name && ['pending', 'current', 'draining', 'standby'].includes(state))
      .map(({ apiKeyId, state }) => ({ apiKeyId, state })),
  }));
}

export function removedText({ apiKeys }: RemovedKey): string {
  const keys = apiKeys.map(({ apiKeyId, state }) => `${apiKeyId} (${state})`).join(', ');
  return `removed from the configuration, with ${keys}; its usage is watched and old keys retire, and nothing is rotated`;
}

export const removedFix =
  'when nobody uses it any more, disable its current key in the Claude Console > Settings > API keys; or put it back into keyguard.json before you deploy';
