import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { iso } from '../../foundation/clock.ts';
import { KeyguardError, LostRace, Unavailable } from '../../foundation/errors.ts';
import type { Secret } from '../../foundation/secret.ts';
import { chooseStandby, neededLifeMs } from '../claim.ts';
import { moved } from '../lifecycle.ts';
import { judgeProof, type ProofVerdict } from '../proof.ts';
import type { RotationPorts } from '../ports.ts';
import type { RotationStrategy } from '../strategies.ts';

/** How long an activation may take to be felt everywhere; no figure is published (facts-anthropic 1.4), so poll. */
const proofDeadlineMs = 90_000;
const proofBeatMs = 3_000;
const by = 'rotation';

/**
 * Claims a standby key that a person made in the Console: the Admin API cannot create one. The oldest that lives long
 * enough is made active and proven from both sides; one that fails its proof is rejected and the next one is tried.
 */
export const pool: RotationStrategy = {
  async obtain(definition, token, ports) {
    for (;;) {
      const records = await ports.ledger.all();
      const claimed = claimedFor(records, token) ?? (await claim(records, definition, token, ports));
      if (claimed === 'raced') continue;
      const value = await candidate(claimed, definition, ports);
      if (value !== 'rejected') return value;
    }
  },

  async assure(definition, token, ports) {
    const record = claimedOrThrow(await ports.ledger.all(), definition, token);
    const info = await ports.keys.retrieve(record.apiKeyId);
    if (info !== 'gone' && info.status === 'active') return;
    await ports.keys.setStatus(record.apiKeyId, 'active');
  },

  async prove(definition, token, ports) {
    const record = claimedOrThrow(await ports.ledger.all(), definition, token);
    const value = await ports.secrets.read(definition.secretArn, token);
    if (value === 'absent') {
      throw new KeyguardError(
        'proof-failed',
        `${definition.name}: the pending version holds no value`,
        'nothing: the rotation starts again',
      );
    }
    const verdict = await proofOf(record, value, definition, ports);
    if (verdict.verdict === 'proven') return;
    throw new KeyguardError('proof-failed', `${record.apiKeyId} of ${definition.name}: ${verdict.because}`, 'npx keyguard status');
  },
};

function claimedFor(records: readonly ApiKeyRecord[], token: string): ApiKeyRecord | undefined {
  return records.find((record) => record.token === token && (record.state === 'pending' || record.state === 'current'));
}

function claimedOrThrow(records: readonly ApiKeyRecord[], definition: ManagedKeyDefinition, token: string): ApiKeyRecord {
  const record = claimedFor(records, token);
  if (record !== undefined) return record;
  throw new KeyguardError(
    'no-claim',
    `${definition.name}: no standby key is claimed for version ${token}`,
    'nothing: the rotation starts again',
  );
}

async function claim(
  records: readonly ApiKeyRecord[],
  definition: ManagedKeyDefinition,
  token: string,
  ports: RotationPorts,
): Promise<ApiKeyRecord | 'raced'> {
  const choice = chooseStandby(records, definition, ports.clock.now());
  if (choice.claim === 'none') {
    throw new KeyguardError(
      'no-standby-key',
      `${definition.name} cannot rotate: ${choice.because}`,
      `make a key in the Console (workspace ${definition.workspaceId}), then: npx keyguard standby add ${definition.name}`,
    );
  }
  try {
    const at = ports.clock.now();
    return await ports.ledger.replace(
      choice.claim,
      moved(choice.claim, { to: 'pending', at, because: 'claimed by a rotation', token }),
      by,
    );
  } catch (error) {
    if (error instanceof LostRace) return 'raced';
    throw error;
  }
}

/** The claimed key's value, active and proven; or `rejected`, with the key put back to sleep and the reason recorded. */
async function candidate(record: ApiKeyRecord, definition: ManagedKeyDefinition, ports: RotationPorts): Promise<Secret | 'rejected'> {
  const value = await ports.secrets.read(definition.standbySecretArn, record.standbyVersionId);
  if (value === 'absent') return rejected(record, 'its value is no longer in the standby secret', ports);
  const before = await ports.keys.retrieve(record.apiKeyId);
  if (before === 'gone' || before.status === 'archived' || before.status === 'expired') {
    return rejected(record, before === 'gone' ? 'Anthropic knows no such key' : `the key is ${before.status}`, ports);
  }
  if (before.status !== 'active') await ports.keys.setStatus(record.apiKeyId, 'active');
  const verdict = await proofOf(record, value, definition, ports);
  if (verdict.verdict === 'proven') return value;
  // No answer is no verdict on the key: an outage must not burn the pool. The claim stays, and the same key is tried again.
  if (verdict.verdict === 'wait' && verdict.transient) throw new Unavailable(`proof of ${record.apiKeyId}`, verdict.because);
  return rejected(record, verdict.because, ports);
}

async function proofOf(record: ApiKeyRecord, value: Secret, definition: ManagedKeyDefinition, ports: RotationPorts): Promise<ProofVerdict> {
  const expected = {
    apiKeyId: record.apiKeyId,
    organizationId: ports.organizationId,
    workspaceId: definition.workspaceId,
    // What is left of the life that was asked for at the claim.
    aliveUntil: record.since + neededLifeMs(definition.rotation),
  };
  const deadline = ports.clock.now() + proofDeadlineMs;
  for (;;) {
    const verdict = judgeProof(expected, await ports.probe.probe(value), await ports.keys.retrieve(record.apiKeyId));
    if (verdict.verdict !== 'wait') return verdict;
    if (ports.clock.now() >= deadline) return { ...verdict, because: `${verdict.because}, still at ${iso(deadline)}` };
    await ports.clock.pause(proofBeatMs);
  }
}

async function rejected(record: ApiKeyRecord, because: string, ports: RotationPorts): Promise<'rejected'> {
  const info = await ports.keys.retrieve(record.apiKeyId);
  // Put to sleep before the record says so: killed in between, the next run rejects it again.
  if (info !== 'gone' && info.status === 'active') await ports.keys.setStatus(record.apiKeyId, 'inactive');
  await ports.ledger.replace(record, moved(record, { to: 'rejected', at: ports.clock.now(), because }), by);
  ports.log.warn('rotation.rejected', { managedKey: record.managedKey, apiKeyId: record.apiKeyId, because });
  return 'rejected';
}
