import type { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { KeyguardError } from '../../foundation/errors.ts';
import type { ApiKeyInfo, ApiKeys } from '../../rotation/ports.ts';
import { anthropicCall } from './calls.ts';
import { readPages } from './pages.ts';
import { fieldOf, listIn, malformed, textOf } from './shape.ts';

const path = '/v1/organizations/api_keys';
/** Of a thousand keys each, which is more than any organization has. */
const mostPages = 200;

/**
 * The Admin API's key endpoints: list, retrieve, set status. There is none that creates
 * (platform.claude.com/docs/en/manage-claude/admin-api). These are plain calls: the SDK's types promise fields that nobody has checked.
 */
export function apiKeys(client: BaseAnthropic): ApiKeys {
  return {
    async retrieve(apiKeyId) {
      const operation = 'api_keys.retrieve';
      try {
        const key = await anthropicCall(
          operation,
          () => client.get(pathOf(apiKeyId)).then((body: unknown) => body),
          (error) => (error.type === 'not_found_error' ? new Gone() : undefined),
        );
        return infoOf(operation, key, apiKeyId);
      } catch (error) {
        if (error instanceof Gone) return 'gone';
        throw error;
      }
    },
    async list() {
      const operation = 'api_keys.list';
      // Without a workspace filter: keys of the whole organization appear under none (same page).
      const rules = { nameOf: ({ apiKeyId }: ApiKeyInfo) => apiKeyId, maxPages: mostPages };
      return readPages('the list of API keys', rules, async (after) => {
        const query = { limit: 1000, ...(after === undefined ? {} : { after_id: after }) };
        const body = await anthropicCall(operation, () => client.get(path, { query }).then((answer: unknown) => answer));
        const hasMore = fieldOf(body, 'has_more');
        if (typeof hasMore !== 'boolean') throw malformed(operation, 'has_more');
        return { items: listIn(operation, body, 'data').map((key) => infoOf(operation, key)), hasMore, next: textOf(body, 'last_id') };
      });
    },
    async setStatus(apiKeyId, status) {
      const operation = 'api_keys.update';
      const { data, request_id } = await anthropicCall(
        operation,
        () => client.post<unknown>(pathOf(apiKeyId), { body: { status } }).withResponse(),
        (error) =>
          error.type === 'invalid_request_error' || error.type === 'not_found_error'
            ? new KeyguardError(
                'key-status-refused',
                `Anthropic will not make ${apiKeyId} ${status} (${error.status} ${error.errorCode ?? error.type})`,
                fixFor(error.errorCode ?? ''),
              )
            : undefined,
      );
      const requestIds = request_id === null || request_id === undefined ? [] : [`anthropic ${request_id}`];
      return { ...infoOf(operation, data, apiKeyId), requestIds };
    },
  };
}

class Gone extends Error {}

function pathOf(apiKeyId: string): string {
  return `${path}/${encodeURIComponent(apiKeyId)}`;
}

function fixFor(errorCode: string): string {
  if (errorCode.endsWith('api_key_limit_exceeded')) return 'disable keys that nobody uses: the limit of active keys is reached';
  return 'look at the key in the Console: an archived or expired key cannot change';
}

const statuses = ['active', 'inactive', 'archived', 'expired'] as const;

/**
 * The key of an answer; `wanted`: the one that was asked for. What this version does not know is named in `unclear`, and never
 * guessed: one such key in a list is no reason to know nothing of the others. Throws KeyguardError `answer-malformed` where nobody can
 * tell which key it is.
 */
function infoOf(operation: string, key: unknown, wanted?: string): ApiKeyInfo {
  const apiKeyId = textOf(key, 'id');
  if (apiKeyId === undefined || (wanted !== undefined && apiKeyId !== wanted)) throw malformed(operation, 'id');
  const doubts: string[] = [];
  const info = {
    apiKeyId,
    name: textOf(key, 'name') ?? '',
    status: statusOf(fieldOf(key, 'status'), doubts),
    hint: textOf(key, 'partial_key_hint') ?? null,
    principal: principalOf(fieldOf(key, 'principal'), doubts),
    workspaceId: workspaceOf(fieldOf(key, 'scope'), doubts),
    expiresAt: expiryOf(fieldOf(key, 'expires_at'), doubts),
    ...creationOf(fieldOf(key, 'created_at')),
  };
  return doubts.length === 0 ? info : { ...info, unclear: doubts.join(', ') };
}

function statusOf(status: unknown, doubts: string[]): ApiKeyInfo['status'] {
  return statuses.find((known) => known === status) ?? doubt('status', status, 'unknown', doubts);
}

function principalOf(principal: unknown, doubts: string[]): ApiKeyInfo['principal'] {
  if (principal === null) return 'nobody';
  const type = fieldOf(principal, 'type');
  if (type === 'user_actor') return 'user';
  return type === 'service_account_actor' ? 'service account' : doubt('principal.type', type, 'unknown', doubts);
}

function workspaceOf(scope: unknown, doubts: string[]): string | null {
  const type = fieldOf(scope, 'type');
  if (type === 'organization') return null;
  if (type !== 'workspace') return doubt('scope.type', type, 'unknown', doubts);
  const workspaceId = fieldOf(scope, 'workspace_id');
  return typeof workspaceId === 'string' ? workspaceId : doubt('scope.workspace_id', workspaceId, 'unknown', doubts);
}

function expiryOf(expiresAt: unknown, doubts: string[]): number | null {
  if (expiresAt === null) return null;
  const at = typeof expiresAt === 'string' ? Date.parse(expiresAt) : Number.NaN;
  return Number.isNaN(at) ? doubt('expires_at', expiresAt, null, doubts) : at;
}

/** Nothing hangs on it but how long nobody could see whether the key is used: without it that is asked. */
function creationOf(createdAt: unknown): Pick<ApiKeyInfo, 'createdAt'> {
  const at = typeof createdAt === 'string' ? Date.parse(createdAt) : Number.NaN;
  return Number.isNaN(at) ? {} : { createdAt: at };
}

function doubt<T>(field: string, value: unknown, instead: T, doubts: string[]): T {
  const shown = typeof value === 'string' && /^[\w.: -]{1,40}$/.test(value) ? `is "${value}"` : 'is missing or of another kind';
  doubts.push(`${field} ${shown}`);
  return instead;
}
