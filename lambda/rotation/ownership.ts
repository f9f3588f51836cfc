import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { KeyguardError, Unavailable } from '../foundation/errors.ts';
import type { ApiKeyInfo, ApiKeyLedger, ApiKeys, KeyDirectory, SecretDescription, SecretVersions } from './ports.ts';
import { matchesHint, unclearText } from './proof.ts';

/** The staging label of the version of a standby secret that holds this key. */
export const standbyLabel = (apiKeyId: string): string => `standby-${apiKeyId}`;

interface OwnershipPorts {
  readonly ledger: Pick<ApiKeyLedger, 'find'>;
  readonly directory: Pick<KeyDirectory, 'all'>;
  /** Where nobody may read its values, a key that consumers held counts as ours by its workspace. */
  readonly secrets: Pick<SecretVersions, 'describe'> & Partial<Pick<SecretVersions, 'read'>>;
  /** The stack of this installation; absent for who never changes a key of a removed managed key. */
  readonly stackName?: string;
}

/**
 * Keys whose status can be changed only where they are ours. A record in the table alone does not say so: whoever can write the table could
 * name any key of the organization there. Its workspace must be that of its managed key, as deployed with the code, and it must be held by
 * a version of that key's secrets, which nobody but intake and rotation may write: by the label of a standby key, or by its value, which
 * must begin and end as Anthropic shows it.
 *
 * Of a managed key that was removed nobody knows the workspace any more, and whoever can make secrets could invent one that never was. So
 * a secret of its counts only if CloudFormation made it for the stack of this installation: no caller can write that tag. What is left to
 * an attacker is to write a version or a label into a secret of ours, or to deploy.
 *
 * Throws KeyguardError `not-our-key`, and `Unavailable` when nobody can tell.
 */
export function onlyOurKeys(keys: ApiKeys, ports: OwnershipPorts): ApiKeys {
  return {
    ...keys,
    async setStatus(apiKeyId, status) {
      await checkOurs(apiKeyId, status, keys, ports);
      return keys.setStatus(apiKeyId, status);
    },
  };
}

async function checkOurs(apiKeyId: string, status: string, keys: ApiKeys, ports: OwnershipPorts): Promise<void> {
  const refused = (why: string): KeyguardError =>
    new KeyguardError(
      'not-our-key',
      `${apiKeyId} is not made ${status}: ${why}`,
      'nothing was changed; find out who wrote its record into the state table (CloudTrail), and take that right away',
    );
  const record = await ports.ledger.find(apiKeyId);
  if (record === undefined) throw refused('no record names it');
  const definition = (await ports.directory.all()).find(({ name }) => name === record.managedKey);
  if (definition === undefined) throw refused(`its record names ${record.managedKey}, which is no managed key of this installation`);
  const info = await keys.retrieve(apiKeyId);
  // Then there is nothing to change, and Anthropic says so.
  if (info === 'gone') return;
  if (info.unclear !== undefined) throw new Unavailable(`making ${apiKeyId} ${status}`, unclearText(apiKeyId, info.unclear));
  if (definition.removed !== true && info.workspaceId !== definition.workspaceId) {
    throw refused(`it belongs to ${info.workspaceId ?? 'the whole organization'}, and ${record.managedKey} to ${definition.workspaceId}`);
  }
  if (!(await isHeld(record, info, definition, ports))) {
    const whose = definition.removed === true ? `that stack ${ports.stackName ?? '(unknown)'} made for` : 'of';
    throw refused(`no version of the secrets ${whose} ${record.managedKey} holds it`);
  }
}

async function isHeld(record: ApiKeyRecord, info: ApiKeyInfo, definition: ManagedKeyDefinition, ports: OwnershipPorts): Promise<boolean> {
  const { secretName, standbySecretName, removed } = definition;
  const isOfStack = ({ stackName }: SecretDescription): boolean =>
    removed !== true || (stackName !== null && stackName === ports.stackName);
  const isHeldByConsumers = await holdsValue(record, info, definition, ports);
  if (isHeldByConsumers && (removed !== true || isOfStack(await ports.secrets.describe(secretName)))) return true;
  if (record.standbyVersionId === undefined) return false;
  const standby = await ports.secrets.describe(standbySecretName);
  return isOfStack(standby) && standby.stages.get(record.standbyVersionId)?.includes(standbyLabel(record.apiKeyId)) === true;
}

/** Whether a version of the secret that consumers read holds the key. */
async function holdsValue(
  { token, origin }: ApiKeyRecord,
  { hint }: ApiKeyInfo,
  { secretName, removed }: ManagedKeyDefinition,
  { secrets: { read } }: OwnershipPorts,
): Promise<boolean> {
  // On its way back it is claimed for a version that is still empty, and held by the one that it came from.
  for (const versionId of [token, origin?.versionId]) {
    if (versionId === undefined) continue;
    // Not readable by the rights of who asks.
    if (read === undefined) return removed !== true;
    try {
      const value = await read(secretName, versionId);
      if (value !== 'absent' && matchesHint(value, hint)) return true;
    } catch (error) {
      // Scheduled for deletion, when an emergency must cut off all the same. Where its workspace is not known, either, nothing is proven.
      if (error instanceof KeyguardError && error.code === 'secret-deleted' && removed !== true) return true;
      throw error;
    }
  }
  return false;
}
