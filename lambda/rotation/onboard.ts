import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { utcMinute, type Clock } from '../foundation/clock.ts';
import { counted } from '../foundation/counted.ts';
import { poll } from '../foundation/poll.ts';
import { KeyguardError } from '../foundation/errors.ts';
import type { Secret } from '../foundation/secret.ts';
import { neededLifeMs } from './claim.ts';
import { credentialKind } from './credential-kind.ts';
import { verifyRevoked, type Revocation } from './verify-revoked.ts';
import { execute, type Act } from './execute.ts';
import { useBeforeIntake, type IntakeUsePorts, type UseFound } from './intake-use.ts';
import type { ApiKeyInfo, ApiKeyLedger, ApiKeys, KeyProbe, AuditEvent, StandbyStore } from './ports.ts';
import { checkTimely, fenceMs, withIntent, isUnfinishedIntake, transition } from './lifecycle.ts';
import { matchesHint, unclearText } from './proof.ts';

export interface OnboardPorts extends IntakeUsePorts {
  readonly ledger: ApiKeyLedger;
  readonly standby: StandbyStore;
  readonly keys: ApiKeys;
  readonly probe: KeyProbe;
  readonly organizationId: string;
  readonly clock: Clock;
}

export interface OnboardOptions {
  /** Which key it is, where the value fits several. */
  readonly apiKeyId?: string;
  /** Whether a key that acts as a person is taken: it is archived when that person leaves. @default 'refused' */
  readonly userKey?: 'refused' | 'accepted';
  /** When a rotation takes it at the earliest (epoch ms, UTC): from then on it must live long enough. @default now */
  readonly takenAt?: number;
  /**
   * Asked where the key is in use, or where nobody can tell (`found`): whether it is stored and deactivated all the same.
   * @default no
   */
  readonly inUse?: (use: UseFound, apiKeyId: string) => Promise<boolean>;
  readonly by: string;
}

/** Scanners' tighter pattern is not promised by Anthropic, so the shape is checked loosely. */
const keyShape = /^sk-ant-[A-Za-z0-9_-]{20,}$/;

/**
 * Takes a key that a person made in the Console into a managed key's pool: checked from both sides, stored, deactivated
 * and proven dead. Nothing is stored before every check has passed. Throws KeyguardError naming the check and the fix.
 */
export async function onboardStandbyKey(
  definition: ManagedKeyDefinition,
  value: Secret,
  options: OnboardOptions,
  ports: OnboardPorts,
): Promise<ApiKeyRecord> {
  checkForm(value);
  const info = identified(value, await ports.keys.list(), options.apiKeyId);
  const known = await ports.ledger.find(info.apiKeyId);
  if (known !== undefined && !(known.managedKey === definition.name && isUnfinishedIntake(known))) {
    throw alreadyKnown(known);
  }
  const now = ports.clock.now();
  if (info.unclear !== undefined) {
    throw refused(unclearText(info.apiKeyId, info.unclear), 'look for a newer version of Key Guard in CHANGELOG.md');
  }
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
  const takenAt = Math.max(options.takenAt ?? now, now);
  const aliveUntil = takenAt + neededLifeMs(definition.rotation);
  if (info.expiresAt !== null && info.expiresAt < aliveUntil) {
    const needed = new Date(aliveUntil).toISOString().slice(0, 10);
    const from = takenAt === now ? 'now' : `the rotation that takes it (${utcMinute(takenAt)})`;
    throw refused(
      `${info.apiKeyId} expires too soon for this rotation policy: from ${from} on it must live for a whole interval and the maximum grace`,
      `make a key that lives beyond ${needed}`,
    );
  }
  // Whoever began it may still be at work, and about to deactivate it.
  if (known?.intent !== undefined && now - known.intent.at < fenceMs) {
    throw refused(`${info.apiKeyId} is being taken in this moment`, 'if that was broken off, add it again in five minutes');
  }
  if (info.status !== 'active') {
    throw refused(
      `${info.apiKeyId} is inactive, so nobody can prove its value`,
      'enable it in the Console, and add it again: it is deactivated as soon as it is proven',
    );
  }
  const use = await useBeforeIntake(info, definition.name, ports, now);
  if (use !== undefined && (await options.inUse?.(use, info.apiKeyId)) !== true) throw use;
  await proveAlive(definition, value, info, ports);

  // A question may have taken its time.
  const startedAt = ports.clock.now();
  const standbyVersionId = await ports.standby.put(definition.standbySecretName, info.apiKeyId, value);
  const record: StoredKey = {
    schema: 1,
    apiKeyId: info.apiKeyId,
    managedKey: definition.name,
    state: 'standby',
    revision: 1,
    since: startedAt,
    hint: info.hint ?? '',
    expiresAt: info.expiresAt,
    addedAt: startedAt,
    standbyVersionId,
    cause: { code: 'taken-in' },
    // A fence: no rotation claims it before it is inactive. Killed after this, it is added again, or retirement rejects it.
    intent: { to: 'standby', at: startedAt, cause: { code: 'being-taken-in' } },
  };
  const { by } = options;
  const fenced = known === undefined ? await added(record, by, ports) : await ports.ledger.replace(known, again(known, record), by);
  const deactivate: Act = {
    set: 'inactive',
    proof: 'refused',
    change: { to: 'verified inactive', cause: { code: 'intake-proven' } },
    ifAccepted: 'nothing',
  };
  const prove = async (): Promise<Revocation> => ((await verifyRevoked(value, ports)) ? 'dead' : 'alive');
  const inTime = (intended: ApiKeyRecord): void => checkTimely(intended, ports.clock.now());
  const outcome = await execute(fenced, deactivate, { by, prove, beforeEffect: inTime }, ports);
  if (outcome.done) return outcome.record;
  // The value lives on although this id is inactive: it belongs to another key that looks alike, and this one is none of ours.
  // The proof may have taken long: whoever has gone on with it since wins the race.
  const at = ports.clock.now();
  const refenced = await ports.ledger.replace(fenced, withIntent(fenced, { to: 'standby', at, cause: { code: 'intake-undone' } }), by);
  const reactivated = await ports.keys.setStatus(info.apiKeyId, 'active');
  const auditEvent: AuditEvent = { at, cause: { code: 'value-of-another-key' } };
  await ports.ledger.forget(refenced, by, { requestIds: [...outcome.requestIds, ...reactivated.requestIds], auditEvent });
  throw refused(
    `${info.apiKeyId} is set inactive, but Anthropic still accepts the value: the value belongs to another key`,
    'the key is back as it was; look at the hints in the Console and give the right --api-key-id',
  );
}

type StoredKey = ApiKeyRecord & Required<Pick<ApiKeyRecord, 'standbyVersionId'>>;

/** The record of an intake that was broken off, for the one that takes its place. */
function again(known: ApiKeyRecord, record: StoredKey): Omit<ApiKeyRecord, 'revision'> {
  const { hint, expiresAt, standbyVersionId, intent, since: at } = record;
  const fence = intent === undefined ? {} : { intent };
  return {
    ...transition(known, { type: 'onboarded', at, cause: { code: 'taken-in-again' } }),
    hint,
    expiresAt,
    standbyVersionId,
    ...fence,
  };
}

async function added(record: ApiKeyRecord, by: string, { ledger }: OnboardPorts): Promise<ApiKeyRecord> {
  await ledger.add(record, by);
  return record;
}

function identified(value: Secret, keys: readonly ApiKeyInfo[], apiKeyId: string | undefined): ApiKeyInfo {
  const usable = keys.filter((key) => key.status === 'active' || key.status === 'inactive');
  const fitting = usable.filter((key) => matchesHint(value, key.hint) && (apiKeyId === undefined || key.apiKeyId === apiKeyId));
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  if (only === undefined) {
    checkOver(value, keys, apiKeyId);
    const which = apiKeyId ?? 'any active or inactive key of this organization';
    throw refused(
      `the value's start and end do not fit ${which}`,
      'check the organization in keyguard.json, and that the whole key was pasted',
    );
  }
  const ids = fitting.map((key) => `${key.apiKeyId} (${key.name})`).join(', ');
  throw refused(`the value fits ${counted(fitting.length, 'key')}: ${ids}`, 'say which one it is: --api-key-id apikey_…');
}

/** A key that is over is named: whoever pasted its value has the wrong one, and not the wrong organization. */
function checkOver(value: Secret, keys: readonly ApiKeyInfo[], apiKeyId: string | undefined): void {
  const over = keys.filter(
    (key) => key.status !== 'unknown' && matchesHint(value, key.hint) && (apiKeyId === undefined || key.apiKeyId === apiKeyId),
  );
  if (over.length === 0) return;
  const named = over.map((key) => `${key.apiKeyId} (${key.name}), which is ${key.status}`).join(', ');
  throw refused(`the value fits only ${named}, and never works again`, 'make a new key in the Console, and paste its value');
}

async function proveAlive(definition: ManagedKeyDefinition, value: Secret, info: ApiKeyInfo, ports: OnboardPorts): Promise<void> {
  const probe = await poll(
    () => ports.probe.probe(value),
    ({ answer }) => answer === 'accepted',
    { deadlineMs: 30_000, beatMs: 2_000 },
    ports.clock,
  );
  if (probe.answer !== 'accepted') {
    const why = probe.answer === 'refused' ? 'Anthropic refuses the value (401)' : probe.why;
    throw refused(
      `${info.apiKeyId} could not be proven: ${why}`,
      'check that the key is active in the Console and that it was pasted whole',
    );
  }
  if (probe.organizationId !== ports.organizationId) {
    throw refused('the key belongs to another organization', 'check anthropic.organizationId in keyguard.json');
  }
  if (probe.workspaceId !== null && probe.workspaceId !== definition.workspaceId) {
    throw refused(`the key answers for workspace ${probe.workspaceId}`, `make the key in workspace ${definition.workspaceId}`);
  }
}

function checkForm(value: Secret): void {
  const kind = credentialKind(value);
  const isApiKey = kind === 'a Claude API key';
  if (isApiKey ? value.matches(keyShape) : kind === undefined && value.matches(keyShape)) return;
  const paste = 'paste the whole key, which begins with sk-ant-api03-, and nothing else';
  if (kind === undefined || isApiKey) throw refused('this does not look like an Anthropic API key', paste);
  const burnt = /key|token|session/.test(kind) && !/not its value/.test(kind) ? '. Nothing was sent or stored' : '';
  throw refused(`this is ${kind}`, `${paste}${burnt}`);
}

/** What consumers or a rotation hold is no standby key, whatever else is so. */
function alreadyKnown({ apiKeyId, managedKey, state }: ApiKeyRecord): KeyguardError {
  const what = `${apiKeyId} is already known: ${state} of ${managedKey}`;
  const newKey = 'make a new key in the Console';
  if (state === 'standby') return refused(what, `nothing; see it with npx --no-install keyguard standby list ${managedKey}`);
  if (state === 'current') {
    return refused(
      `${what}, which its consumers use now`,
      `${newKey}; this one is replaced by npx --no-install keyguard rotate ${managedKey}`,
    );
  }
  if (state === 'draining') {
    return refused(`${what}, which consumers may still use`, `${newKey}; this one is deactivated by itself when nobody uses it any more`);
  }
  return refused(what, newKey);
}

function refused(message: string, fix: string): KeyguardError {
  return new KeyguardError('standby-refused', message, fix);
}
