import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyState } from '../../../contract/api-key-states.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { briefly } from '../../foundation/errors.ts';
import type { Secret } from '../../foundation/secret.ts';
import { apiKeyStrategy } from '../candidate.ts';
import { isUnfinishedIntake } from '../lifecycle.ts';
import type { RotationPorts } from '../ports.ts';
import { readVersion, type VersionPorts } from '../read-version.ts';

/** A standby key that a person made in the Console is claimed: the Admin API cannot create one. Its value is in the standby secret. */
export const pool = apiKeyStrategy({ valueOf: standbyValue, clearAway: freeUsedLabels });

/** The value of a standby key, as intake stored it. */
export async function standbyValue(
  { standbyVersionId }: ApiKeyRecord,
  { standbySecretName }: ManagedKeyDefinition,
  ports: VersionPorts,
): Promise<Secret | 'absent'> {
  return standbyVersionId === undefined ? 'absent' : readVersion(standbySecretName, standbyVersionId, ports);
}

/** What a key in these states is known by as ours; a rejected one until somebody puts it away. */
const labelled: readonly ApiKeyState[] = ['standby', 'pending', 'rejected'];

/**
 * Of keys that have left the pool for good. One that intake is just storing is not in the ledger yet, and keeps its label; so does
 * one whose intake was broken off, because adding it again stores nothing new. The rotation has succeeded by then, so a failure
 * here does not fail it: the next rotation frees them.
 */
async function freeUsedLabels(definition: ManagedKeyDefinition, ports: RotationPorts): Promise<void> {
  try {
    const own = await ports.ledger.of(definition.name);
    const used = own.filter((record) => !labelled.includes(record.state) && !isUnfinishedIntake(record));
    await ports.secrets.freeStandbyLabels(definition.standbySecretName, new Set(used.map((record) => record.apiKeyId)));
  } catch (error) {
    ports.log.warn('rotation.labels-left', { managedKey: definition.name, error: briefly(error) });
  }
}
