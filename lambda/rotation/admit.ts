import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import type { Clock } from '../foundation/clock.ts';
import { KeyguardError } from '../foundation/errors.ts';
import type { Secret } from '../foundation/secret.ts';
import { neededLifeMs } from './claim.ts';
import { provenDead } from './death.ts';
import type { ApiKeyInfo, ApiKeyLedger, ApiKeys, KeyProbe, StandbyStore } from './ports.ts';
import { moved, withoutIntent } from './lifecycle.ts';
import { matchesHint } from './proof.ts';

export interface AdmitPorts {
  readonly ledger: ApiKeyLedger;
  readonly standby: StandbyStore;
  readonly keys: ApiKeys;
  readonly probe: KeyProbe;
  readonly organizationId: string;
  readonly clock: Clock;
}

export interface AdmitOptions {
  /** Which key it is, where the value fits several. */
  readonly apiKeyId?: string;
  /** Whether a key that acts as a person is taken: it is archived when that person leaves. @default 'refused' */
  readonly userKey?: 'refused' | 'accepted';
  readonly by: string;
}

/** Scanners' tighter pattern is not promised by Anthropic (facts-anthropic 1.7), so the shape is checked loosely. */
const keyShape = /^sk-ant-[A-Za-z0-9_-]{20,}$/;

/**
 * Takes a key that a person made in the Console into a managed key's pool: checked from both sides, stored, put to sleep
 * and proven dead. Nothing is stored before every check has passed. Throws KeyguardError naming the check and the fix.
 */
export async function admitStandbyKey(
  definition: ManagedKeyDefinition,
  value: Secret,
  options: AdmitOptions,
  ports: AdmitPorts,
): Promise<ApiKeyRecord> {
  if (!value.matches(keyShape)) {
    throw refused('this does not look like an Anthropic API key', 'paste the whole key, which begins with sk-ant-api03-, and nothing else');
  }
  const info = identified(value, await ports.keys.list(), options.apiKeyId);
  const known = (await ports.ledger.all()).find((record) => record.apiKeyId === info.apiKeyId);
  if (known !== undefined) {
    throw refused(`${info.apiKeyId} is already known: ${known.state} of ${known.managedKey}`, 'make a new key in the Console');
  }
  const now = ports.clock.now();
  if (info.workspaceId !== definition.workspaceId) {
    const where = info.workspaceId ?? 'the whole organization';
    throw refused(`${info.apiKeyId} belongs to ${where}`, `make the key in workspace ${definition.workspaceId}`);
  }
  if (info.principal === 'user' && options.userKey !== 'accepted') {
    throw refused(
      `${info.apiKeyId} acts as a person, and dies when that person leaves the organization`,
      'make the key for a service account in the Console; to take this one all the same: --accept-user-key',
    );
  }
  const aliveUntil = now + neededLifeMs(definition.rotation);
  if (info.expiresAt !== null && info.expiresAt < aliveUntil) {
    const needed = new Date(aliveUntil).toISOString().slice(0, 10);
    throw refused(`${info.apiKeyId} expires too soon for this rotation policy`, `make a key that lives beyond ${needed}`);
  }
  try {
    if (info.status !== 'active') await ports.keys.setStatus(info.apiKeyId, 'active');
    await proveAlive(definition, value, info, ports);
  } catch (error) {
    // A key that was asleep when it came is not left awake.
    if (info.status !== 'active') await ports.keys.setStatus(info.apiKeyId, 'inactive');
    throw error;
  }

  const standbyVersionId = await ports.standby.put(definition.standbySecretArn, info.apiKeyId, value);
  const record: ApiKeyRecord = {
    schema: 1,
    apiKeyId: info.apiKeyId,
    managedKey: definition.name,
    state: 'standby',
    revision: 1,
    since: now,
    hint: info.hint ?? '',
    expiresAt: info.expiresAt,
    addedAt: now,
    standbyVersionId,
    because: 'taken in',
    // A fence: no rotation claims it before it is asleep. Killed after the add, retirement puts it to sleep and lifts the fence.
    intent: { to: 'standby', at: now, because: 'being taken in' },
  };
  await ports.ledger.add(record, options.by);
  await ports.keys.setStatus(info.apiKeyId, 'inactive');
  if (await provenDead(value, ports)) return ports.ledger.replace(record, withoutIntent(record), options.by);
  // The value lives on although this id sleeps: it belongs to another key that looks alike.
  const because = 'its value still answers after the key was made inactive';
  await ports.ledger.replace(record, moved(record, { type: 'rejected', at: ports.clock.now(), because }), options.by);
  await ports.keys.setStatus(info.apiKeyId, info.status === 'active' ? 'active' : 'inactive');
  throw refused(
    `${info.apiKeyId} is set inactive, but Anthropic still accepts the value: the value belongs to another key`,
    'the key is back as it was; look at the hints in the Console and give the right --api-key-id',
  );
}

function identified(value: Secret, keys: readonly ApiKeyInfo[], apiKeyId: string | undefined): ApiKeyInfo {
  const usable = keys.filter((key) => key.status === 'active' || key.status === 'inactive');
  const fitting = usable.filter((key) => matchesHint(value, key.hint) && (apiKeyId === undefined || key.apiKeyId === apiKeyId));
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) {
    const which = apiKeyId ?? 'any active or inactive key of this organization';
    throw refused(
      `the value's start and end do not fit ${which}`,
      'check the organization in keyguard.json, and that the whole key was pasted',
    );
  }
  const ids = fitting.map((key) => `${key.apiKeyId} (${key.name})`).join(', ');
  throw refused(`the value fits ${fitting.length} keys: ${ids}`, 'say which one it is: --api-key-id apikey_…');
}

async function proveAlive(definition: ManagedKeyDefinition, value: Secret, info: ApiKeyInfo, ports: AdmitPorts): Promise<void> {
  const deadline = ports.clock.now() + 30_000;
  for (;;) {
    const probe = await ports.probe.probe(value);
    if (probe.answer === 'accepted') {
      if (probe.organizationId !== null && probe.organizationId !== ports.organizationId) {
        throw refused('the key belongs to another organization', 'check anthropic.organizationId in keyguard.json');
      }
      if (probe.workspaceId !== null && probe.workspaceId !== definition.workspaceId) {
        throw refused(`the key answers for workspace ${probe.workspaceId}`, `make the key in workspace ${definition.workspaceId}`);
      }
      return;
    }
    if (ports.clock.now() >= deadline) {
      const why = probe.answer === 'refused' ? 'Anthropic refuses the value (401)' : probe.why;
      throw refused(
        `${info.apiKeyId} could not be proven: ${why}`,
        'check that the key is active in the Console and that it was pasted whole',
      );
    }
    await ports.clock.pause(2_000);
  }
}

function refused(message: string, fix: string): KeyguardError {
  return new KeyguardError('standby-refused', message, fix);
}
