import type { ApiKeyIntent, ApiKeyRecord } from '../../contract/records.ts';
import { KeyguardError } from '../foundation/errors.ts';
import { verifyRevokedIn, type Revocation } from './verify-revoked.ts';
import { changed, isEvent, type Change } from './change.ts';
import { withIntent } from './lifecycle.ts';
import type { Clock } from '../foundation/clock.ts';
import type { ApiKeyLedger, ApiKeys, RotationPorts, SecretVersions } from './ports.ts';

/** One thing that is done to an API key, and how. */
export interface Act {
  /** Stored before the effect, so that whoever comes next can finish it; absent where the record alone is the whole step. */
  readonly intent?: ApiKeyIntent;
  /** What Anthropic is asked to set. */
  readonly set?: 'active' | 'inactive' | 'archived';
  /**
   * Anthropic is asked for the key after the intent and before the effect: what is so already is not set. `and spares an active key`: nor is
   * that, because somebody has enabled it a moment ago.
   */
  readonly looksFirst?: true | 'and spares an active key';
  /** Its value must be refused before the change is recorded. */
  readonly proof?: 'refused';
  /** What is recorded where its value is accepted all the same. @default the step fails, with `still-alive` */
  readonly ifAccepted?: Change | 'nothing';
  /** What is recorded at last. */
  readonly change: Change;
}

export interface ExecutePorts {
  readonly ledger: Pick<ApiKeyLedger, 'replace'>;
  readonly keys: Pick<ApiKeys, 'retrieve' | 'setStatus'>;
  readonly clock: Clock;
}

/** Who acts, in time, and how it is proven that a key is dead. */
export interface Actor {
  /** For the history. */
  readonly by: string;
  /** Whether Anthropic refuses the key's value, polled to a deadline. @default nobody can tell, and the value counts as accepted */
  readonly prove?: (record: ApiKeyRecord) => Promise<Revocation>;
  /** Called right before the effect, with the record that announces it: who comes too late throws, and leaves the intent to others. */
  readonly beforeEffect?: (intended: ApiKeyRecord) => void;
  /** What people can do where its value is accepted all the same. @default look at its status */
  readonly cure?: string;
  /** Calls before this one that belong to the same step. */
  readonly requestIds?: readonly string[];
}

/** How a step ended. `given up`: what was seen right before the effect speaks against it, and the next plan decides. */
export type Outcome =
  | { readonly done: true; readonly record: ApiKeyRecord; readonly revocation?: Revocation }
  | { readonly done: false; readonly why: 'given up' | 'accepted'; readonly record: ApiKeyRecord; readonly requestIds: readonly string[] };

/**
 * The one way in which a key is changed: store the intent → change it at Anthropic → prove it → record it. Killed anywhere, the next plan
 * goes on from what is stored. Throws LostRace where somebody else has changed the record, having done nothing that the intent does not
 * say; KeyguardError `still-alive` where Anthropic still accepts a value that it should refuse.
 */
export async function execute(record: ApiKeyRecord, act: Act, actor: Actor, ports: ExecutePorts): Promise<Outcome> {
  return (await begin(record, act, actor, ports))();
}

/** The same in two parts: what is returned proves and records, which may take a minute. */
export async function begin(record: ApiKeyRecord, act: Act, actor: Actor, ports: ExecutePorts): Promise<() => Promise<Outcome>> {
  const intended = act.intent === undefined ? record : await ports.ledger.replace(record, withIntent(record, act.intent), actor.by);
  const effect = act.set === undefined ? [] : await set(act.set, act.looksFirst, intended, actor, ports);
  if (effect === 'given up') return async () => ({ done: false, why: 'given up', record: intended, requestIds: [] });
  const requestIds = [...(actor.requestIds ?? []), ...effect];
  const write = async ({ to, cause, ...change }: Change): Promise<ApiKeyRecord> => {
    const at = ports.clock.now();
    const after = changed(intended, { to, cause, ...change }, at);
    // Of an event the record itself says when and why.
    return ports.ledger.replace(intended, after, actor.by, {
      ...(requestIds.length === 0 ? {} : { requestIds }),
      ...(isEvent(to) ? {} : { auditEvent: { at, cause } }),
    });
  };
  return async () => {
    const revocation = act.proof === undefined ? undefined : ((await actor.prove?.(intended)) ?? 'alive');
    if (revocation !== 'alive') {
      const change = revocation === 'no value' ? withoutValue(act.change) : act.change;
      return { done: true, record: await write(change), ...(revocation === undefined ? {} : { revocation }) };
    }
    if (act.ifAccepted === undefined) throw stillAlive(record.apiKeyId, actor.cure);
    return { done: false, why: 'accepted', record: act.ifAccepted === 'nothing' ? intended : await write(act.ifAccepted), requestIds };
  };
}

async function set(
  status: Exclude<Act['set'], undefined>,
  looksFirst: Act['looksFirst'],
  intended: ApiKeyRecord,
  { beforeEffect }: Actor,
  { keys }: ExecutePorts,
): Promise<readonly string[] | 'given up'> {
  const { apiKeyId } = intended;
  const setNow = async (): Promise<readonly string[]> => {
    beforeEffect?.(intended);
    return (await keys.setStatus(apiKeyId, status)).requestIds;
  };
  if (looksFirst === undefined) return setNow();
  const info = await keys.retrieve(apiKeyId);
  const shown = info === 'gone' ? 'gone' : info.status;
  if (looksFirst === 'and spares an active key' && shown === 'active') return 'given up';
  const isSo = status === 'inactive' ? shown !== 'active' : shown === status || shown === 'gone';
  return isSo ? [] : setNow();
}

/** The proof of a value that consumers read, by its version of their secret. Where they never read it, Anthropic's word has to do. */
export function refusedIn(
  secretName: string,
  ports: Pick<RotationPorts, 'probe' | 'clock'> & { readonly secrets: Pick<SecretVersions, 'read'> },
): NonNullable<Actor['prove']> {
  return async ({ token }) => (token === undefined ? 'no value' : verifyRevokedIn(secretName, token, ports));
}

function withoutValue(change: Change): Change {
  return change.cause.code === 'retired' ? { ...change, cause: { ...change.cause, valueUnknown: true } } : change;
}

export function stillAlive(apiKeyId: string, cure = 'npx --no-install keyguard status'): KeyguardError {
  return new KeyguardError('still-alive', `${apiKeyId} is set inactive, but Anthropic still accepts its value`, cure);
}
