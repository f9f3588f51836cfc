import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyState } from '../../../contract/api-key-states.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import { causeText } from '../../incidents/message/cause-text.ts';
import { execute } from '../execute.ts';
import { checkTimely, withIntent } from '../lifecycle.ts';
import type { CommandPorts } from './ports.ts';
import { updateRecord } from '../update-record.ts';

/** The record of a key that `removeKey` may take out of the pool. Throws KeyguardError `not-standby`, or `busy` where somebody is at work on it. */
export async function removableKey(
  { name }: ManagedKeyDefinition,
  apiKeyId: string,
  { ledger }: Pick<CommandPorts, 'ledger'>,
): Promise<ApiKeyRecord> {
  return removable(name, apiKeyId, await ledger.find(apiKeyId));
}

/**
 * Takes a key that never served out of the pool, and gives its place in the standby secret free. For good: the Admin API cannot delete, and
 * archived keys never come back. Safe to repeat. Answers the record as it then stands.
 */
export async function removeKey(
  { name, standbySecretName }: ManagedKeyDefinition,
  apiKeyId: string,
  { by, because }: { readonly by: string; readonly because: string },
  ports: Pick<CommandPorts, 'ledger' | 'keys' | 'secrets' | 'clock'>,
): Promise<ApiKeyRecord> {
  // The intent is stored first: no rotation claims the key meanwhile, and a repeat goes on.
  const intended = await updateRecord(ports.ledger, apiKeyId, by, (found) => {
    if (removable(name, apiKeyId, found).state === 'archived') return undefined;
    return withIntent(found, { to: 'archived', at: ports.clock.now(), cause: { code: 'removing', reason: because } });
  });
  const cause = { code: 'removed', reason: because } as const;
  const archive = { set: 'archived', looksFirst: true, change: { to: 'archived', cause } } as const;
  const inTime = (record: ApiKeyRecord): void => checkTimely(record, ports.clock.now());
  const removed = intended.state === 'archived' ? intended : (await execute(intended, archive, { by, beforeEffect: inTime }, ports)).record;
  if (removed.standbyVersionId !== undefined) await ports.secrets.freeStandbyLabels(standbySecretName, new Set([apiKeyId]));
  return removed;
}

const removableStates: ReadonlySet<ApiKeyState> = new Set(['standby', 'rejected', 'archived']);

function removable(name: string, apiKeyId: string, record: ApiKeyRecord | undefined): ApiKeyRecord {
  if (record?.managedKey !== name) {
    throw new KeyguardError('not-standby', `${apiKeyId} is no key of ${name}`, `npx --no-install keyguard standby list ${name}`);
  }
  // What was cut off before it ever served is of use to nobody: no undo brings it back.
  const isRemovable = record.state === 'contained' ? record.servedSince === undefined : removableStates.has(record.state);
  if (!isRemovable) {
    throw new KeyguardError(
      'not-standby',
      `${apiKeyId} of ${name} is ${record.state}: only standby keys, rejected keys and cut-off keys that never served are removed`,
      `npx --no-install keyguard status ${name}; old keys are archived by themselves`,
    );
  }
  if (record.intent === undefined || record.intent.to === 'archived') return record;
  throw new KeyguardError(
    'busy',
    `somebody is at work on ${apiKeyId} of ${name} (${causeText(record.intent.cause)})`,
    'try again in five minutes',
  );
}
