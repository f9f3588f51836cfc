import type { ApiKeyRecord } from '../../../contract/records.ts';
import { KeyguardError, LostRace } from '../../foundation/errors.ts';
import { withoutUndoRequest } from '../change.ts';
import { execute, type Actor } from '../execute.ts';
import { checkTimely, withIntent, shouldBeActive } from '../lifecycle.ts';
import type { ApiKeyInfo } from '../ports.ts';
import { hasAwsCurrent } from '../staging-labels.ts';
import type { CommandPorts } from './ports.ts';
import type { KeySnapshot } from './snapshot.ts';
import { updateRecord } from '../update-record.ts';

/** A key that the records have as off, as Anthropic shows it. */
export interface OldKey {
  readonly record: ApiKeyRecord;
  readonly status: ApiKeyInfo['status'] | 'gone';
  /** Somebody enabled it in the Console: its value works. */
  readonly isActive: boolean;
}

/**
 * Looks at a key that is off by the records: Anthropic knows better. Throws KeyguardError `busy` where it is on its way back to
 * the consumers, so that cutting it would leave them without a key.
 */
export async function lookAtOldKey(record: ApiKeyRecord, snapshot: KeySnapshot, { keys }: Pick<CommandPorts, 'keys'>): Promise<OldKey> {
  checkIsOff(record, snapshot);
  const info = await keys.retrieve(record.apiKeyId);
  const status = info === 'gone' ? 'gone' : info.status;
  // A status that this version does not know may be one in which Anthropic accepts the value.
  return { record, status, isActive: status === 'active' || status === 'unknown' };
}

/**
 * Takes back that it is wanted, and cuts it off where it is active: the intent first, so that no undo brings it back meanwhile, and
 * retirement finishes what is killed here. Anthropic's status is the proof: only the functions may read a value and have it
 * refused. Answers the key as Anthropic then shows it.
 */
export async function revokeOldKey(
  old: OldKey,
  { by, because }: { readonly by: string; readonly because: string },
  snapshot: KeySnapshot,
  ports: Pick<CommandPorts, 'ledger' | 'keys' | 'clock'>,
): Promise<OldKey> {
  const { isActive } = old;
  const { apiKeyId } = old.record;
  const { ledger, clock } = ports;
  const cause = { code: 'operator-cut', reason: because } as const;
  const intended = await updateRecord(ledger, apiKeyId, by, (found) => {
    checkIsOff(found, snapshot);
    if (isActive) return withIntent(found, { to: 'contained', at: clock.now(), cause, ordered: true });
    return withoutUndoRequest(found);
  });
  if (!isActive) return old;
  let after = old;
  const actor: Actor = {
    by,
    beforeEffect: (record) => checkTimely(record, clock.now()),
    async prove() {
      after = await lookAtOldKey(old.record, snapshot, ports);
      return after.isActive ? 'alive' : 'dead';
    },
  };
  try {
    await execute(intended, { set: 'inactive', proof: 'refused', ifAccepted: 'nothing', change: { to: 'contained', cause } }, actor, ports);
  } catch (error) {
    // Who finished it meanwhile has recorded it.
    if (!(error instanceof LostRace)) throw error;
  }
  return after;
}

function checkIsOff(record: ApiKeyRecord, { definition: { name }, secret }: KeySnapshot): void {
  const { apiKeyId, state } = record;
  if (!shouldBeActive(state) && !hasAwsCurrent(record, secret)) return;
  throw new KeyguardError(
    'busy',
    `${apiKeyId} of ${name} is on its way back this moment`,
    `wait until npx --no-install keyguard status ${name} shows it as current, then give the emergency again`,
  );
}
