import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import type { KeyguardError } from '../../foundation/errors.ts';
import type { Snapshot } from '../conditions.ts';
import { fenceMs } from '../lifecycle.ts';
import { planKey, type PlannedStep, type RuleName } from '../plan.ts';
import { atWorkUntil, claimGraceMs } from '../plan/key.ts';
import type { SecretDescription } from '../ports.ts';
import type { CommandPorts } from './ports.ts';
import { runRetirementNow, withdrawUndoRequest } from './revoke.ts';
import { claimedKey, type KeySnapshot } from './snapshot.ts';
import { openVersion } from '../staging-labels.ts';

/** Whatever a run began, it or the next one has finished by then. */
export const stuckAfterMs = claimGraceMs;

/** What was read of a managed key in which something may be stuck. `openSince`: since when a rotation is under way. */
export interface UnstickSnapshot extends Snapshot {
  readonly openSince: number | undefined;
}

export interface UnstickPlan {
  /** What is cleared away; nothing is stuck where there is none. */
  readonly acts: readonly Act[];
  /** What only needs time. */
  readonly waits: readonly Wait[];
}

/** One thing that is cleared away. `record`: as it was when it was planned. */
export type Act =
  | { readonly act: 'discard version'; readonly versionId: string }
  | { readonly act: 'withdraw request' | KeyAct; readonly record: ApiKeyRecord };

/** What retirement does with a key. `give grace`: nobody can tell whether AWSCURRENT moved to it for a moment. */
type KeyAct = 'give grace' | 'finish' | 'return';

/** What retirement does with a key at `until`, and not before (epoch ms, UTC). */
export interface Wait {
  readonly apiKeyId: string;
  readonly then: KeyAct;
  readonly until: number;
}

/** What stands in a managed key's way that can be cleared away, and what retirement does then. */
export function planUnstick(snapshot: UnstickSnapshot): UnstickPlan {
  const { own, secret, now } = snapshot;
  const versionId = stuckVersion(snapshot);
  const cleared = versionId === undefined ? snapshot : { ...snapshot, secret: { ...secret, stages: without(versionId, secret.stages) } };
  const planned = own.map((record) => planKey(record, cleared));
  const acts = (act: 'withdraw request' | KeyAct, records: readonly ApiKeyRecord[]): readonly Act[] =>
    records.map((record) => ({ act, record }));
  const due = (act: KeyAct): readonly Act[] =>
    acts(
      act,
      planned.filter((each) => dueAct(each, now) === act).map(({ record }) => record),
    );
  return {
    acts: [
      ...acts(
        'withdraw request',
        own.filter((record) => record.undoRequest !== undefined),
      ),
      ...(versionId === undefined ? [] : [{ act: 'discard version', versionId } as const]),
      ...due('give grace'),
      ...due('finish'),
      ...due('return'),
    ],
    waits: planned.flatMap(({ record, because, step }) =>
      record.state === 'pending' && step.do === 'wait' && step.until !== undefined
        ? [{ apiKeyId: record.apiKeyId, then: claimEnds[because] ?? 'finish', until: step.until }]
        : [],
    ),
  };
}

/** What becomes of a claimed key whose rotation is over. */
export const claimEnds: Readonly<Partial<Record<RuleName, KeyAct>>> = {
  'claim-is-young': 'return',
  'claim-abandoned': 'return',
  'switch-at-work': 'give grace',
  'switch-not-recorded': 'give grace',
  'switched-and-moved-on': 'give grace',
};

function dueAct({ record: { intent }, because, step }: PlannedStep, now: number): KeyAct | undefined {
  if (step.do === 'wait') return undefined;
  const end = claimEnds[because];
  if (end !== undefined) return end;
  // Who stored the intent a moment ago may be carrying it out.
  return intent !== undefined && now >= atWorkUntil(intent) ? 'finish' : undefined;
}

function without(versionId: string, stages: SecretDescription['stages']): SecretDescription['stages'] {
  return new Map([...stages].map(([id, labels]) => [id, id === versionId ? labels.filter((label) => label !== 'AWSPENDING') : labels]));
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
  await runRetirementNow(failed, ports);
}
