import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import type { DeadKeySnapshot } from '../dead-key.ts';
import { openVersion } from '../staging-labels.ts';
import type { CommandPorts } from './ports.ts';

/** What was read of one managed key, before anything is done to it. */
export type KeySnapshot = Pick<DeadKeySnapshot, 'definition' | 'own' | 'secret' | 'pause'>;

export async function readSnapshot(
  definition: ManagedKeyDefinition,
  { ledger, secrets, pauses }: Pick<CommandPorts, 'ledger' | 'secrets' | 'pauses'>,
): Promise<KeySnapshot> {
  // In this order: whoever records a newer switch after the ledger was read makes our writes lose their race.
  const own = await ledger.of(definition.name);
  const secret = await secrets.describe(definition.secretName);
  const pause = await pauses.find(definition.name);
  return { definition, own, secret, pause };
}

/** The key that a rotation which is under way has claimed. */
export function claimedKey(snapshot: Pick<KeySnapshot, 'own' | 'secret'>): ApiKeyRecord | undefined {
  const versionId = openVersion(snapshot);
  return versionId === undefined ? undefined : snapshot.own.find((record) => record.state === 'pending' && record.token === versionId);
}

/** Since when a rotation is under way: since its claim, or, before that, since its version was registered. */
export async function openSince(snapshot: KeySnapshot, { secrets }: Pick<CommandPorts, 'secrets'>): Promise<number | undefined> {
  const versionId = openVersion(snapshot);
  if (versionId === undefined) return undefined;
  return claimedKey(snapshot)?.since ?? secrets.registeredAt(snapshot.definition.secretName, versionId);
}
