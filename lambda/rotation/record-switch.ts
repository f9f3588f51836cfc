import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { LostRace } from '../foundation/errors.ts';
import { isOld, lifecycle, transition } from './lifecycle.ts';
import type { RotationPorts, SecretDescription, RequestTrace } from './ports.ts';
import { staleMs, versionWith } from './staging-labels.ts';

/**
 * Makes the ledger say what Secrets Manager says: the key whose version carries AWSCURRENT is current, and one that was
 * current before is draining. Idempotent, so a run killed between the switch and its record is finished by whoever comes next.
 * Returns what Secrets Manager said.
 */
export async function recordSwitch(
  definition: ManagedKeyDefinition,
  ports: Pick<RotationPorts, 'ledger' | 'secrets' | 'clock'>,
  by: string,
  auditContext?: RequestTrace,
): Promise<SecretDescription> {
  for (;;) {
    // In this order: whoever records a newer switch after the ledger was read makes our writes lose their race.
    const own = await ports.ledger.of(definition.name);
    const secret = await ports.secrets.describe(definition.secretName);
    try {
      await record(own, versionWith(secret.stages, 'AWSCURRENT'), ports, by, auditContext);
      return secret;
    } catch (error) {
      if (!(error instanceof LostRace)) throw error;
    }
  }
}

async function record(
  own: readonly ApiKeyRecord[],
  currentVersion: string | undefined,
  { ledger, clock }: Pick<RotationPorts, 'ledger' | 'clock'>,
  by: string,
  auditContext: RequestTrace | undefined,
): Promise<void> {
  // Also an old key to which somebody moved AWSCURRENT back.
  const successor = own.find(
    ({ token, state }) => token !== undefined && token === currentVersion && lifecycle[state].promoted !== 'refused',
  );
  if (successor === undefined) return;
  const at = clock.now();
  const others = own.filter(({ state, apiKeyId }) => state === 'current' && apiKeyId !== successor.apiKeyId);
  // Cut off while consumers read it: AWSCURRENT has not moved, and it stays cut off.
  if (successor.state === 'contained' && others.length === 0) return;
  if (successor.state !== 'pending' && others.some(({ since }) => at - since < staleMs)) return;
  for (const other of others) {
    await ledger.replace(other, transition(other, { type: 'replaced', at, cause: { code: 'replaced', by: successor.apiKeyId } }), by);
  }
  // Last: as long as the successor is not current, the step before may still be owed.
  if (successor.state === 'current') return;
  const cause = { code: isOld(successor.state) ? 'switched-by-hand' : 'switched' } as const;
  await ledger.replace(successor, transition(successor, { type: 'promoted', at, cause }), by, auditContext);
}
