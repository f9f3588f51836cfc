import type { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { APIKeys, type APIKey } from '@anthropic-ai/sdk/resources/organization/api-keys';
import { KeyguardError } from '../../foundation/errors.ts';
import type { ApiKeyInfo, ApiKeys } from '../../rotation/ports.ts';
import { anthropicCall } from './calls.ts';

/** The Admin API's key endpoints: list, retrieve, set status. There is none that creates (facts-anthropic 1.3). */
export function apiKeys(client: BaseAnthropic): ApiKeys {
  const resource = new APIKeys(client);
  return {
    async retrieve(apiKeyId) {
      try {
        return infoOf(
          await anthropicCall(
            'api_keys.retrieve',
            () => resource.retrieve(apiKeyId),
            (error) => (error.status === 404 ? new Gone() : undefined),
          ),
        );
      } catch (error) {
        if (error instanceof Gone) return 'gone';
        throw error;
      }
    },
    async list() {
      // Without a workspace filter: keys of the whole organization appear under none (facts-anthropic 1.2).
      const page = await anthropicCall('api_keys.list', async () => {
        const keys: APIKey[] = [];
        for await (const key of resource.list({ limit: 1000 })) keys.push(key);
        return keys;
      });
      return page.map(infoOf);
    },
    async setStatus(apiKeyId, status) {
      const { data, request_id } = await anthropicCall(
        'api_keys.update',
        () => resource.update(apiKeyId, { status }).withResponse(),
        (error) =>
          error.status === 400 || error.status === 404
            ? new KeyguardError(
                'key-status-refused',
                `Anthropic will not make ${apiKeyId} ${status} (${error.status} ${error.errorCode ?? error.type ?? ''})`,
                fixFor(error.errorCode ?? ''),
              )
            : undefined,
      );
      return { ...infoOf(data), requestIds: request_id === null || request_id === undefined ? [] : [`anthropic ${request_id}`] };
    },
  };
}

class Gone extends Error {}

function fixFor(errorCode: string): string {
  if (errorCode.endsWith('api_key_limit_exceeded')) return 'disable keys that nobody uses: the limit of active keys is reached';
  return 'look at the key in the Console: an archived or expired key cannot change';
}

/** The SDK's enums may grow: what we do not know is `unknown`, never a guess. */
function infoOf(key: APIKey): ApiKeyInfo {
  const statuses: readonly string[] = ['active', 'inactive', 'archived', 'expired'];
  return {
    apiKeyId: key.id,
    name: key.name,
    status: statuses.includes(key.status) ? key.status : 'unknown',
    hint: key.partial_key_hint,
    principal: principalOf(key.principal),
    workspaceId: key.scope.type === 'workspace' ? key.scope.workspace_id : null,
    expiresAt: key.expires_at === null ? null : Date.parse(key.expires_at),
    createdAt: Date.parse(key.created_at),
  };
}

function principalOf(principal: APIKey['principal']): ApiKeyInfo['principal'] {
  if (principal === null) return 'nobody';
  return principal.type === 'service_account_actor' ? 'service account' : 'user';
}
