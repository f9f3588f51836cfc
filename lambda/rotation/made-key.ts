import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { KeyguardError, Unavailable } from '../foundation/errors.ts';
import { poll } from '../foundation/poll.ts';
import { causeText } from '../incidents/message/cause-text.ts';
import type { RotationPorts } from './ports.ts';
import { endOfKey, unclearText } from './proof.ts';

/** An API key that a strategy has made, active. */
export interface MadeKey {
  readonly apiKeyId: string;
  /** As Anthropic shows it. */
  readonly hint: string;
  readonly expiresAt: number | null;
}

/** How long a key that was made a moment ago may be missing in Anthropic's answers: no figure is published, so poll. */
const shownTimes = { deadlineMs: 60_000, beatMs: 3_000 };

/**
 * Takes in a key that the strategy made for the rotation `token`, and claims it for that rotation. Throws KeyguardError `made-key-refused`
 * for one that is not ours to use; TypeError where a strategy gives a key of another rotation: nobody but its author can mend that.
 */
export async function takeMade(
  { apiKeyId, hint, expiresAt }: MadeKey,
  records: readonly ApiKeyRecord[],
  definition: ManagedKeyDefinition,
  token: string,
  ports: Pick<RotationPorts, 'keys' | 'ledger' | 'clock'>,
): Promise<ApiKeyRecord> {
  if (records.some((record) => record.apiKeyId === apiKeyId)) throw new TypeError(`${apiKeyId} was made before, for another rotation`);
  await checkOurs(apiKeyId, definition, ports);
  const at = ports.clock.now();
  const claimed = { state: 'pending', since: at, addedAt: at, token, cause: { code: 'claimed' } } as const;
  const record: ApiKeyRecord = { schema: 1, apiKeyId, managedKey: definition.name, revision: 1, hint, expiresAt, ...claimed };
  await ports.ledger.add(record, 'rotation');
  return record;
}

/** Before it is taken in: the status of a key in another workspace is never changed, so that one could not be deactivated again. */
async function checkOurs(
  apiKeyId: string,
  { name, workspaceId: expected, rotation: { strategy } }: ManagedKeyDefinition,
  { keys, clock }: Pick<RotationPorts, 'keys' | 'clock'>,
): Promise<void> {
  const info = await poll(
    () => keys.retrieve(apiKeyId),
    (seen) => seen !== 'gone',
    shownTimes,
    clock,
  );
  if (info !== 'gone' && info.unclear !== undefined) {
    throw new Unavailable(`taking in ${apiKeyId}, which was made for ${name}`, unclearText(apiKeyId, info.unclear));
  }
  if (info !== 'gone' && info.workspaceId === expected) return;
  const cause = info === 'gone' ? endOfKey(info) : ({ code: 'other-workspace', workspaceId: info.workspaceId, expected } as const);
  throw new KeyguardError(
    'made-key-refused',
    `${apiKeyId}, which was made for ${name}, is not taken in: ${causeText(cause)}`,
    `have strategy "${strategy}" make its keys in workspace ${expected} of this organization; delete ${apiKeyId} where it was made, because nothing uses it; then: npx --no-install keyguard unstick ${name}`,
  );
}
