import type { Cause } from '../../contract/causes.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyState } from '../../contract/api-key-states.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { KeyguardError, LostRace, Unavailable } from '../foundation/errors.ts';
import type { Secret } from '../foundation/secret.ts';
import { causeText, noKeyTexts } from '../incidents/message/cause-text.ts';
import { doubtText } from '../incidents/message/verification-text.ts';
import { aliveUntil, chooseNext } from './claim.ts';
import { doubtAbout } from './control.ts';
import { execute, type Actor } from './execute.ts';
import type { Change } from './change.ts';
import { fenceMs, givenBackTo, transition } from './lifecycle.ts';
import { takeMade, type MadeKey } from './made-key.ts';
import { noKeyError } from './no-key.ts';
import { endOfKey, hasEnded, prove, unclearText, type ProofVerdict } from './proof.ts';
import { LostKeyRace, type RotationPorts } from './ports.ts';
import { readVersion } from './read-version.ts';
import type { CandidateVerdict, Lost, NotBack, RotationStrategy } from './strategies.ts';

/** Who acts, for the history; an undo is its operator's. */
const rotation: Actor = { by: 'rotation' };

/** What differs between strategies whose credentials are API keys. */
interface KeySource {
  /**
   * Where the registry says that it supplies `itself`: makes the key of the rotation `token`. Asked again with that token it answers the same
   * key, because a run may be killed before it is recorded. Throws KeyguardError with instructions when none can be made, and `Unavailable`
   * when nobody can tell now.
   */
  make?(definition: ManagedKeyDefinition, token: string, ports: RotationPorts): Promise<MadeKey>;
  /** The value of a key that it supplied, which consumers have never read; `absent`: nobody has it. */
  valueOf(record: ApiKeyRecord, definition: ManagedKeyDefinition, ports: RotationPorts): Promise<Secret | 'absent'>;
  /** After a switch: what its supply does not need any more is cleared away. The rotation has succeeded by then: it throws nothing. */
  clearAway?(definition: ManagedKeyDefinition, ports: RotationPorts): Promise<void>;
}

/**
 * A rotation's candidate is an API key: claimed, made active and proven from both sides. One that fails its proof while other keys answer is
 * rejected, and ends the rotation. An old key that an operator wants back goes first.
 */
export function apiKeyStrategy(source: KeySource): RotationStrategy {
  return {
    async obtain(definition, token, ports) {
      for (;;) {
        const records = await ports.ledger.of(definition.name);
        const claimed = claimedFor(records, token) ?? (await claim(records, definition, token, source, ports));
        if (claimed === 'raced') continue;
        return candidate(claimed, definition, source, ports);
      }
    },

    async assure(definition, token, ports) {
      const record = claimedFor(await ports.ledger.of(definition.name), token);
      if (record === undefined) return unclaimed;
      if (record.intent?.to === 'rejected') return rejected(record, record.intent.cause, definition, ports);
      const info = await ports.keys.retrieve(record.apiKeyId);
      if (hasEnded(info)) return rejected(record, endOfKey(info), definition, ports);
      if (info.status !== 'active') await activate(record, ports);
      return { verdict: 'good', apiKeyId: record.apiKeyId };
    },

    async prove(definition, token, ports) {
      const record = claimedFor(await ports.ledger.of(definition.name), token);
      if (record === undefined) return unclaimed;
      if (record.intent?.to === 'rejected') return rejected(record, record.intent.cause, definition, ports);
      const value = await ports.secrets.read(definition.secretName, token);
      // The step before filled it, so this is a read that is behind; or a step that came too early, and the first comes again.
      if (value === 'absent') throw new Unavailable(`${definition.name}: reading the pending version`, 'it holds no value yet');
      const own = await valueOf(record, definition, source, ports);
      if (own !== 'absent' && !own.equals(value)) {
        // Two runs of createSecret met: one filled the version, the other claimed this key. It is innocent, and its claim is given back.
        return { verdict: 'lost', apiKeyId: record.apiKeyId, cause: { code: 'other-value-pending' } };
      }
      const verdict = await proofOf(record, value, definition, ports);
      if (verdict.verdict === 'proven') return { verdict: 'good', apiKeyId: record.apiKeyId };
      return rejected(record, verdict.cause, definition, ports);
    },

    async release({ name }, token, cause, ports) {
      const record = claimedFor(await ports.ledger.of(name), token);
      // AWSCURRENT may have moved to it, and retirement looks whether it did.
      if (record === undefined || record.intent !== undefined) return;
      const back = givenBackTo(record);
      const change = { to: 'abandoned', cause } as const;
      // In its grace it is active, and consumers may hold it.
      if (back === 'draining') await execute(record, { change }, rotation, ports);
      else await deactivate(record, back, change, ports);
    },

    async clearAway(definition, ports) {
      await source.clearAway?.(definition, ports);
    },
  };
}

/** One that is on its way back is held by the version that consumers read before. */
function valueOf(
  record: ApiKeyRecord,
  definition: ManagedKeyDefinition,
  source: KeySource,
  ports: RotationPorts,
): Promise<Secret | 'absent'> {
  return record.origin === undefined
    ? source.valueOf(record, definition, ports)
    : readVersion(definition.secretName, record.origin.versionId, ports);
}

const unclaimed: CandidateVerdict = { verdict: 'lost', cause: { code: 'no-claimed-key' } };

/**
 * Throws LostRace when retirement is giving the claim back, and when another run of this rotation has switched to the key: it is no
 * candidate any more, and must be neither activated nor deactivated as one.
 */
function claimedFor(records: readonly ApiKeyRecord[], token: string): ApiKeyRecord | undefined {
  const claimed = records.find((record) => record.token === token && (record.state === 'pending' || record.state === 'current'));
  const givenBack = claimed?.intent !== undefined && claimed.intent.to !== 'current' && claimed.intent.to !== 'rejected';
  if (claimed?.state === 'current' || givenBack) throw new LostRace(claimed.apiKeyId);
  return claimed;
}

async function claim(
  records: readonly ApiKeyRecord[],
  definition: ManagedKeyDefinition,
  token: string,
  source: KeySource,
  ports: RotationPorts,
): Promise<ApiKeyRecord | 'raced'> {
  const at = ports.clock.now();
  const choice = chooseNext(records, definition, at);
  if (choice.claim === 'none') {
    if (choice.why === 'late-call-possible') throw new Unavailable(`the undo of ${definition.name}`, noKeyTexts[choice.why]);
    throw noKeyError(choice.why, definition);
  }
  const next = choice.claim;
  try {
    if (next === 'made') {
      // Its registry entry says that it makes keys: nobody but its author can mend that.
      if (source.make === undefined) throw new TypeError(`the strategy ${definition.rotation.strategy} makes no keys`);
      return await takeMade(await source.make(definition, token, ports), records, definition, token, ports);
    }
    const { undoRequest } = next;
    const cause: Cause = undoRequest === undefined ? { code: 'claimed' } : { code: 'brought-back', reason: undoRequest.because };
    return await ports.ledger.replace(next, transition(next, { type: 'claimed', at, cause, token }), undoRequest?.by ?? rotation.by);
  } catch (error) {
    if (!(error instanceof LostKeyRace)) throw error;
    // As a rule another run of this rotation has claimed it.
    return claimedFor(error.won === undefined ? [] : [error.won], token) ?? 'raced';
  }
}

/** The claimed key's value, active and proven. */
async function candidate(
  record: ApiKeyRecord,
  definition: ManagedKeyDefinition,
  source: KeySource,
  ports: RotationPorts,
): Promise<Secret | Lost | NotBack> {
  // A run that was killed had begun to.
  if (record.intent?.to === 'rejected') return rejected(record, record.intent.cause, definition, ports);
  const value = await valueOf(record, definition, source, ports);
  if (value === 'absent') return rejected(record, { code: 'value-missing' }, definition, ports);
  // It is active, and proven as soon as the version holds it: before that nothing but its record says that it is ours.
  if (record.origin === undefined && record.standbyVersionId === undefined) return value;
  const before = await ports.keys.retrieve(record.apiKeyId);
  if (hasEnded(before)) return rejected(record, endOfKey(before), definition, ports);
  if (before.unclear !== undefined) throw new Unavailable(`proof of ${record.apiKeyId}`, unclearText(record.apiKeyId, before.unclear));
  const active = before.status === 'active' ? record : await activate(record, ports);
  const verdict = await proofOf(active, value, definition, ports);
  return verdict.verdict === 'proven' ? value : rejected(active, verdict.cause, definition, ports);
}

/** The claim said before that this was coming; the audit record of the effect has its request. */
async function activate(record: ApiKeyRecord, ports: RotationPorts): Promise<ApiKeyRecord> {
  const act = { set: 'active', change: { to: 'as it is', cause: { code: 'made-active' } } } as const;
  return (await execute(record, act, rotation, ports)).record;
}

/** No answer is no verdict on the key: an outage must not use up one key after the other. The claim stays, and the same key is tried again. */
async function proofOf(
  record: ApiKeyRecord,
  value: Secret,
  definition: ManagedKeyDefinition,
  ports: RotationPorts,
): Promise<Exclude<ProofVerdict, { verdict: 'wait' }>> {
  const expected = {
    apiKeyId: record.apiKeyId,
    organizationId: ports.organizationId,
    workspaceId: definition.workspaceId,
    aliveUntil: aliveUntil(record, definition.rotation, record.since),
  };
  const verdict = await prove(expected, value, ports);
  if (verdict.verdict !== 'wait') return verdict;
  if (verdict.lasting === true) throw nobodyKnows(record, causeText(verdict.cause));
  if (verdict.transient) throw new Unavailable(`proof of ${record.apiKeyId}`, causeText(verdict.cause));
  return { verdict: 'reject', cause: verdict.cause };
}

/** Whether the candidate works nobody can say, and that does not pass by itself: it stays claimed, and people are told why. */
function nobodyKnows({ apiKeyId }: ApiKeyRecord, why: string): KeyguardError {
  const fix = 'no key was rejected: mend what the answer names, and the rotation goes on by itself';
  return new KeyguardError('proof-unclear', `${apiKeyId} could not be proven: ${why}`, fix);
}

/** Deactivates the candidate again and records why. Throws where other keys fail too: then it stays claimed. */
async function rejected(
  record: ApiKeyRecord,
  cause: Cause,
  definition: ManagedKeyDefinition,
  ports: RotationPorts,
): Promise<Lost | NotBack> {
  const { apiKeyId } = record;
  if (record.origin !== undefined) return { verdict: 'not back', apiKeyId, cause };
  // Another run of this rotation found it good, and is about to move AWSCURRENT to it.
  if (record.intent?.to === 'current' && ports.clock.now() - record.intent.at < fenceMs) throw new LostRace(apiKeyId);
  const inDoubt = record.intent?.to === 'rejected' ? undefined : await doubtAbout(apiKeyId, definition, ports);
  if (inDoubt !== undefined) {
    const why = `${causeText(cause)}; but ${doubtText(inDoubt.doubt)}`;
    throw inDoubt.passing ? new Unavailable(`proof of ${apiKeyId}`, `${why}, so that nobody knows`) : nobodyKnows(record, why);
  }
  await deactivate(record, 'rejected', { to: 'rejected', cause }, ports);
  ports.log.warn('rotation.rejected', { managedKey: record.managedKey, apiKeyId, because: causeText(cause) });
  return { verdict: 'lost', apiKeyId, cause };
}

/** A run that is about to move AWSCURRENT to the key loses its race, or this one does and touches nothing. */
async function deactivate(record: ApiKeyRecord, to: ApiKeyState, change: Change, ports: RotationPorts): Promise<void> {
  const intent = { to, at: ports.clock.now(), cause: change.cause };
  await execute(record, { intent, set: 'inactive', looksFirst: true, change }, rotation, ports);
}
