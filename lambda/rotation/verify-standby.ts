import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { Refutation, VerificationCause } from '../../contract/causes.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { KeyguardError, Unavailable } from '../foundation/errors.ts';
import { plain } from '../incidents/message/phrases.ts';
import { neededLifeMs } from './claim.ts';
import { doubtAbout } from './control.ts';
import { verifyRevoked } from './verify-revoked.ts';
import type { Change } from './change.ts';
import { execute, type Outcome } from './execute.ts';
import { withIntent } from './lifecycle.ts';
import { endOfKey, hasEnded, prove as proveAlive } from './proof.ts';
import type { RotationPorts } from './ports.ts';
import { standbyValue } from './strategies/pool.ts';

/** How the verification of a standby key ended. */
export interface StandbyVerification {
  readonly apiKeyId: string;
  readonly verdict: 'good' | 'rejected' | 'unclear';
  /** Absent for a good one. */
  readonly cause?: VerificationCause;
}

/**
 * Proves a standby key as a rotation would, and deactivates it again: for a dry run, and for who wants to know that the pool
 * is good. The key is fenced meanwhile, so that no rotation claims it; killed anywhere, retirement deactivates it. One that
 * fails while other keys answer is rejected. Throws LostRace when somebody else is at work on the key.
 */
export async function verifyStandbyKey(
  record: ApiKeyRecord,
  definition: ManagedKeyDefinition,
  by: string,
  ports: RotationPorts,
): Promise<StandbyVerification> {
  const { apiKeyId } = record;
  const at = ports.clock.now();
  const fenced = await ports.ledger.replace(record, withIntent(record, { to: 'standby', at, cause: { code: 'being-tried' } }), by);
  const end = (change: Change, requestIds: readonly string[] = []): Promise<Outcome> =>
    execute(fenced, { change }, { by, requestIds }, ports);
  const reject = async (cause: Refutation, requestIds?: readonly string[]): Promise<StandbyVerification> => {
    await end({ to: 'rejected', cause }, requestIds);
    return { apiKeyId, verdict: 'rejected', cause };
  };
  /** Not where other keys fail too: then nobody knows, and it stays in the pool. */
  const rejectUnlessInDoubt = async (cause: Refutation, requestIds?: readonly string[]): Promise<StandbyVerification> => {
    const inDoubt = await doubtAbout(apiKeyId, definition, ports);
    if (inDoubt === undefined) return reject(cause, requestIds);
    await end({ to: 'verified inactive', cause: { code: 'tried-in-doubt' } }, requestIds);
    return { apiKeyId, verdict: 'unclear', cause: { code: 'in-doubt', why: cause, doubt: inDoubt.doubt } };
  };
  const value = await standbyValue(fenced, definition, ports);
  if (value === 'absent') return rejectUnlessInDoubt({ code: 'value-missing' });
  const info = await ports.keys.retrieve(apiKeyId);
  if (hasEnded(info)) return rejectUnlessInDoubt(endOfKey(info));
  const activated = info.status === 'active' ? [] : (await ports.keys.setStatus(apiKeyId, 'active')).requestIds;
  const { organizationId } = ports;
  const expected = { apiKeyId, organizationId, workspaceId: definition.workspaceId, aliveUntil: at + neededLifeMs(definition.rotation) };
  const verdict = await proveAlive(expected, value, ports);
  const deactivated = await ports.keys.setStatus(apiKeyId, 'inactive');
  const requestIds = [...activated, ...deactivated.requestIds];
  if (verdict.verdict === 'reject' || (verdict.verdict === 'wait' && !verdict.transient))
    return rejectUnlessInDoubt(verdict.cause, requestIds);
  if (!(await verifyRevoked(value, ports))) return reject({ code: 'value-still-accepted' }, requestIds);
  await end({ to: 'verified inactive', cause: { code: 'tried' } }, requestIds);
  return verdict.verdict === 'proven' ? { apiKeyId, verdict: 'good' } : { apiKeyId, verdict: 'unclear', cause: verdict.cause };
}

/** What an operator may ask of the rotation function: nobody else may read standby keys. */
export interface StandbyVerificationRequest {
  readonly operation: 'try-standby-keys';
  readonly managedKey: string;
  readonly apiKeyIds: readonly string[];
  readonly by: string;
}

export function isStandbyVerificationRequest(event: unknown): event is StandbyVerificationRequest {
  if (!(event instanceof Object) || Reflect.get(event, 'operation') !== 'try-standby-keys') return false;
  const ids: unknown = Reflect.get(event, 'apiKeyIds');
  const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= longestText;
  return (
    Object.keys(event).every((name) => requestFields.includes(name)) &&
    isText(Reflect.get(event, 'managedKey')) &&
    isText(Reflect.get(event, 'by')) &&
    Array.isArray(ids) &&
    ids.length <= poolSize &&
    ids.every(isText)
  );
}

const requestFields: readonly string[] = [
  'operation',
  'managedKey',
  'apiKeyIds',
  'by',
] satisfies readonly (keyof StandbyVerificationRequest)[];
/** The longest name that AWS has for somebody is an ARN of a role's session. */
const longestText = 300;
/** A secret carries 20 labels. */
const poolSize = 20;

/** Lambda does not tell a function who has called it, so that the history must not blame whoever is named. */
function saidToBe(by: string): string {
  return `said to be ${plain(by)}`;
}

/** Tries each of the standby keys that were asked for; those that are no standby key any more are left out. */
export async function verifyStandbyKeys(
  { managedKey, apiKeyIds, by }: StandbyVerificationRequest,
  ports: RotationPorts,
): Promise<readonly StandbyVerification[]> {
  const definition = (await ports.directory.all()).find(({ name, removed }) => name === managedKey && removed !== true);
  if (definition === undefined) return [];
  const verifications: StandbyVerification[] = [];
  for (const record of await ports.ledger.of(managedKey)) {
    if (record.state !== 'standby' || !apiKeyIds.includes(record.apiKeyId)) continue;
    if (record.intent !== undefined) {
      verifications.push({ apiKeyId: record.apiKeyId, verdict: 'unclear', cause: { code: 'somebody-at-work' } });
      continue;
    }
    try {
      verifications.push(await verifyStandbyKey(record, definition, saidToBe(by), ports));
    } catch (error) {
      // Retirement lifts the fence, and the other keys are tried all the same.
      if (!(error instanceof KeyguardError)) throw error;
      const { message: what, fix } = error;
      const cause: VerificationCause = error instanceof Unavailable ? { code: 'error', what } : { code: 'error', what, fix };
      verifications.push({ apiKeyId: record.apiKeyId, verdict: 'unclear', cause });
    }
  }
  return verifications;
}
