import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { minuteMs } from '../../foundation/clock.ts';
import type { KeyguardError } from '../../foundation/errors.ts';
import { fenceMs } from '../lifecycle.ts';
import type { CommandPorts } from './ports.ts';
import { retire, withdrawUndoRequest } from './revoke.ts';
import { claimedKey, isAbandoned, openVersion, type KeySnapshot } from './snapshot.ts';

/** Whatever a run began, it or the next one has finished by then; retirement returns a claim after this time too. */
export const stuckAfterMs = 15 * minuteMs;

/** What was read of a managed key in which something may be stuck. `openSince`: since when a rotation is under way. */
export interface UnstickSnapshot extends Pick<KeySnapshot, 'own' | 'secret'> {
  readonly openSince: number | undefined;
  readonly now: number;
}

export interface UnstickPlan {
  /** What is cleared away; nothing is stuck where there is none. */
  readonly acts: readonly Act[];
  /** What only needs time. `until`: when it happens; of a key that may have become current, it shows within five minutes. */
  readonly waits: readonly { readonly apiKeyId: string; readonly until?: number }[];
}

/** One thing that is cleared away. `record`: as it was when it was planned. */
export type Act =
  | { readonly act: 'discard version'; readonly versionId: string }
  /** `give grace`: nobody can tell whether AWSCURRENT moved to it for a moment. */
  | { readonly act: 'withdraw request' | 'give grace' | 'finish' | 'return'; readonly record: ApiKeyRecord };

/** What stands in a managed key's way that can be cleared away. */
export function planUnstick(snapshot: UnstickSnapshot): UnstickPlan {
  const { own, now } = snapshot;
  const versionId = stuckVersion(snapshot);
  const claimed = versionId === undefined ? undefined : claimedKey(snapshot);
  const isOver = (record: ApiKeyRecord): boolean => isAbandoned(record, snapshot) || record === claimed;
  const mayServe = own.filter((record) => record.intent?.to === 'current' && isOver(record));
  const isYoung = ({ intent }: ApiKeyRecord): boolean => intent !== undefined && now - intent.at < fenceMs;
  const halfDone = own.filter(
    (record) => record.intent !== undefined && now - record.intent.at > stuckAfterMs && !mayServe.includes(record),
  );
  const abandoned = own.filter((record) => isOver(record) && !mayServe.includes(record));
  const isDue = ({ since }: ApiKeyRecord): boolean => now - since >= stuckAfterMs;
  const acts = (act: Exclude<Act['act'], 'discard version'>, records: readonly ApiKeyRecord[]): readonly Act[] =>
    records.map((record) => ({ act, record }));
  return {
    acts: [
      ...acts(
        'withdraw request',
        own.filter((record) => record.undoRequest !== undefined),
      ),
      ...(versionId === undefined ? [] : [{ act: 'discard version', versionId } as const]),
      ...acts(
        'give grace',
        mayServe.filter((record) => !isYoung(record)),
      ),
      ...acts('finish', halfDone),
      ...acts('return', abandoned.filter(isDue)),
    ],
    waits: [
      ...mayServe.filter(isYoung).map(({ apiKeyId }) => ({ apiKeyId })),
      ...abandoned.filter((record) => !isDue(record)).map(({ apiKeyId, since }) => ({ apiKeyId, until: since + stuckAfterMs })),
    ],
  };
}

/** A rotation is given 15 minutes after its claim; one that has claimed nothing, or was cancelled, five. */
function stuckVersion(snapshot: UnstickSnapshot): string | undefined {
  const { secret, openSince, now } = snapshot;
  const patienceMs = claimedKey(snapshot) !== undefined && secret.rotationEnabled ? stuckAfterMs : fenceMs;
  return openSince !== undefined && now - openSince < patienceMs ? undefined : openVersion(snapshot);
}

/** What has become of a thing that was to be cleared away. `before`: it had become so before. */
export type Became =
  | 'as before'
  | 'request withdrawn'
  | 'version discarded'
  | 'version current before'
  | { readonly state: ApiKeyRecord['state']; readonly before?: true };

/** The same, told from a second look. */
export function became(act: Act, { own, secret }: Pick<KeySnapshot, 'own' | 'secret'>): Became {
  if (act.act === 'discard version') {
    const labels = secret.stages.get(act.versionId) ?? [];
    if (labels.includes('AWSCURRENT')) return 'version current before';
    return labels.includes('AWSPENDING') ? 'as before' : 'version discarded';
  }
  const record = own.find(({ apiKeyId }) => apiKeyId === act.record.apiKeyId);
  if (act.act === 'withdraw request') {
    if (record?.undoRequest !== undefined) return 'as before';
    return record?.state === 'pending' || record?.state === 'current' ? { state: record.state, before: true } : 'request withdrawn';
  }
  return record === undefined || isStuck[act.act](record) ? 'as before' : { state: record.state };
}

const isStuck = {
  'give grace': ({ intent }: ApiKeyRecord) => intent?.to === 'current',
  finish: ({ intent }: ApiKeyRecord) => intent !== undefined,
  return: ({ state }: ApiKeyRecord) => state === 'pending',
} as const;

/**
 * Clears away what the plan says. Requests first: the next rotation must not take one up again. `told`: what the operator was told, for the
 * history; `failed` is told what retirement could not do.
 */
export async function unstickKey(
  { name, secretName }: ManagedKeyDefinition,
  { acts }: UnstickPlan,
  { by, told }: { readonly by: string; readonly told: readonly string[] },
  failed: (error: KeyguardError) => void,
  ports: Pick<CommandPorts, 'ledger' | 'secrets' | 'audit' | 'retireNow' | 'clock'>,
): Promise<void> {
  await ports.audit.note({ managedKey: name, at: ports.clock.now(), by, cause: { code: 'unstuck', acts: told } });
  for (const act of acts) if (act.act === 'withdraw request') await withdrawUndoRequest(act.record.apiKeyId, by, ports);
  for (const act of acts) if (act.act === 'discard version') await ports.secrets.discardPending(secretName, act.versionId);
  await retire(failed, ports);
}
