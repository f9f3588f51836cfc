import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { lifecycle, moved } from './lifecycle.ts';
import type { RotationPorts, SecretDescription } from './ports.ts';

/** The version that carries a staging label. */
export function versionWith(stages: SecretDescription['stages'], label: string): string | undefined {
  for (const [versionId, labels] of stages) if (labels.includes(label)) return versionId;
  return undefined;
}

/**
 * Makes the ledger say what Secrets Manager says: the key whose version carries AWSCURRENT is current, and one that was
 * current before is draining. Idempotent, so a run killed between the switch and its record is finished by whoever comes next.
 * What was seen before somebody recorded a newer switch is no news, and nothing is done.
 */
export async function settleSwitch(
  definition: ManagedKeyDefinition,
  seen: { readonly current: string | undefined; readonly at: number },
  records: readonly ApiKeyRecord[],
  ports: RotationPorts,
  by: string,
  requestIds?: readonly string[],
): Promise<'settled' | 'nothing to do'> {
  const own = records.filter((record) => record.managedKey === definition.name);
  // Also an old key to which somebody moved AWSCURRENT back.
  const successor = own.find(
    ({ token, state }) => token !== undefined && token === seen.current && lifecycle[state].promoted !== 'refused',
  );
  if (successor === undefined || own.some((record) => record.state === 'current' && record.since > seen.at)) return 'nothing to do';
  const at = ports.clock.now();
  let settled = false;
  for (const record of own) {
    if (record.state !== 'current' || record.apiKeyId === successor.apiKeyId) continue;
    await ports.ledger.replace(record, moved(record, { type: 'replaced', at, because: `replaced by ${successor.apiKeyId}` }), by);
    settled = true;
  }
  // Last: as long as the successor is not current, the step before may still be owed.
  if (successor.state !== 'current') {
    await ports.ledger.replace(successor, moved(successor, { type: 'promoted', at, because: 'AWSCURRENT moved to it' }), by, requestIds);
    settled = true;
  }
  return settled ? 'settled' : 'nothing to do';
}
