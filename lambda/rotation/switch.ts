import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord, ApiKeyState } from '../../contract/records.ts';
import { moved } from './lifecycle.ts';
import type { RotationPorts, VersionStages } from './ports.ts';

/** The version that carries a staging label. */
export function versionWith(stages: VersionStages['stages'], label: string): string | undefined {
  for (const [versionId, labels] of stages) if (labels.includes(label)) return versionId;
  return undefined;
}

/**
 * Makes the ledger say what Secrets Manager says: the key whose version carries AWSCURRENT is current, and one that was
 * current before is draining. Idempotent, so a run killed between the switch and its record is finished by whoever comes next.
 */
export async function settleSwitch(
  definition: ManagedKeyDefinition,
  currentVersion: string | undefined,
  records: readonly ApiKeyRecord[],
  ports: RotationPorts,
  by: string,
): Promise<'settled' | 'nothing to do'> {
  const own = records.filter((record) => record.managedKey === definition.name);
  // A draining one is an old key to which somebody moved AWSCURRENT back.
  const holders: readonly ApiKeyState[] = ['pending', 'current', 'draining'];
  const successor = own.find((record) => record.token !== undefined && record.token === currentVersion && holders.includes(record.state));
  if (successor === undefined) return 'nothing to do';
  const at = ports.clock.now();
  let settled = false;
  for (const record of own) {
    if (record.state !== 'current' || record.apiKeyId === successor.apiKeyId) continue;
    await ports.ledger.replace(record, moved(record, { to: 'draining', at, because: `replaced by ${successor.apiKeyId}` }), by);
    settled = true;
  }
  // Last: as long as the successor is not current, the step before may still be owed.
  if (successor.state !== 'current') {
    await ports.ledger.replace(successor, moved(successor, { to: 'current', at, because: 'AWSCURRENT moved to it' }), by);
    settled = true;
  }
  return settled ? 'settled' : 'nothing to do';
}
