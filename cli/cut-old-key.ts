import type { ApiKeyRecord } from '../contract/records.ts';
import { usageLedger } from '../lambda/adapters/aws/usage-ledger.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import { changed } from '../lambda/rotation/change.ts';
import { checkTimely, intending, shouldBeAwake, withoutWish } from '../lambda/rotation/lifecycle.ts';
import type { ApiKeyInfo, ApiKeys } from '../lambda/rotation/ports.ts';
import { isServing } from '../lambda/rotation/switch.ts';
import { updateRecord } from '../lambda/rotation/commands/update-record.ts';
import { callerName } from './aws-session.ts';
import type { CliIo } from './command.ts';
import type { OpenInstallation } from './installation.ts';
import type { KeySnapshot } from '../lambda/rotation/commands/snapshot.ts';
import { lastUseText } from './last-use.ts';
import { instant } from './output.ts';

/** A key that the records have as off, and what is left to do so that it is, and stays so. */
export interface OldKeySight {
  readonly record: ApiKeyRecord;
  readonly status: ApiKeyInfo['status'] | 'gone';
  /** Somebody enabled it in the Console: its value works. */
  readonly isAwake: boolean;
  /** What will be done, a sentence each; none: nothing is left to do. */
  readonly plan: readonly string[];
}

/**
 * Looks at a key that is off by the records: Anthropic knows better. Throws KeyguardError `busy` where it is on its way back to
 * the consumers, so that cutting it would leave them without a key.
 */
export async function lookAtOldKey(record: ApiKeyRecord, sight: KeySnapshot, installation: OpenInstallation): Promise<OldKeySight> {
  checkIsOff(record, sight);
  const status = await statusOf(record.apiKeyId, installation.ports.keys);
  const isAwake = isAcceptedIn(status);
  const { apiKeyId, hint, state, since, wanted } = record;
  const cut = `${apiKeyId} (${hint}) is ${state} since ${instant(since)}, but Anthropic shows it as ${status}. It is made inactive at once`;
  const plan = [
    ...(isAwake ? [`${cut}: ${await useOf(apiKeyId, installation)}.`] : []),
    ...(wanted === undefined ? [] : [`That ${apiKeyId} is wanted back is taken back.`]),
  ];
  return { record, status, isAwake, plan };
}

/**
 * Takes back that it is wanted, and cuts it off where it is awake: the intent first, so that no undo brings it back meanwhile, and
 * retirement finishes what is killed here. Anthropic's status is the proof: only the functions may read a value and have it
 * refused. Answers that status.
 */
export async function cutOldKey(
  { record, isAwake, status }: OldKeySight,
  because: string,
  sight: KeySnapshot,
  installation: OpenInstallation,
  io: CliIo,
): Promise<OldKeySight['status']> {
  const { apiKeyId } = record;
  const by = await callerName();
  const { clock } = installation;
  const { ledger, keys } = installation.ports;
  const cause = { code: 'operator-cut', reason: because } as const;
  const amended = await updateRecord(ledger, apiKeyId, by, (found) => {
    checkIsOff(found, sight);
    if (isAwake) return intending(found, { to: 'contained', at: clock.now(), cause, ordered: true });
    return found.wanted === undefined ? undefined : withoutWish(found);
  });
  if (!isAwake) return status;
  checkTimely(amended, clock.now());
  const { requestIds } = await keys.setStatus(apiKeyId, 'inactive');
  const after = await statusOf(apiKeyId, keys);
  if (!isAcceptedIn(after)) {
    const at = clock.now();
    // Whoever finished it meanwhile has taken the intent off.
    const finish = (found: ApiKeyRecord) => (found.intent?.to === 'contained' ? changed(found, { to: 'contained', cause }, at) : undefined);
    await updateRecord(ledger, apiKeyId, by, finish, { requestIds, occasion: { at, cause } });
    return after;
  }
  return io.fail(
    `${apiKeyId} was made inactive, and Anthropic shows it as ${after}`,
    'give the command again; if it lasts, delete the key in the Claude Console, which cannot be undone',
    1,
  );
}

function checkIsOff(record: ApiKeyRecord, { definition: { name }, secret }: KeySnapshot): void {
  const { apiKeyId, state } = record;
  if (!shouldBeAwake(state) && !isServing(record, secret)) return;
  throw new KeyguardError(
    'busy',
    `${apiKeyId} of ${name} is on its way back this moment`,
    `wait until npx --no-install keyguard status ${name} shows it as current, then give the emergency again`,
  );
}

/** A status that this version does not know may be one in which Anthropic accepts the value. */
function isAcceptedIn(status: OldKeySight['status']): boolean {
  return status === 'active' || status === 'unknown';
}

async function statusOf(apiKeyId: string, keys: ApiKeys): Promise<OldKeySight['status']> {
  const info = await keys.retrieve(apiKeyId);
  return info === 'gone' ? 'gone' : info.status;
}

async function useOf(apiKeyId: string, { table, clock }: OpenInstallation): Promise<string> {
  const usage = usageLedger(table, clock);
  const [lastUses, knownUntil] = await Promise.all([usage.lastUses(), usage.knownUntil()]);
  return lastUseText(
    lastUses.find((use) => use.apiKeyId === apiKeyId),
    knownUntil,
  );
}
