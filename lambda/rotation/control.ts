import type { Doubt } from '../../contract/causes.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import type { RotationPorts } from './ports.ts';

/** Why nobody knows. `passing`: the answer itself did not come, which passes by itself. */
export interface InDoubt {
  readonly doubt: Doubt;
  readonly passing: boolean;
}

/**
 * Why a bad answer about `suspect` says nothing of it; undefined where it stands. Of the keys that consumers hold, those of this managed
 * key before those of others, the first one that Anthropic shows as active should be accepted. Where that fails too, it is the way to
 * Anthropic, its answers or our credential that are wrong, and one standby key after the other would look bad.
 */
export async function doubtAbout(
  suspect: string,
  definition: ManagedKeyDefinition,
  { ledger, directory, keys, secrets, probe, organizationId }: RotationPorts,
): Promise<InDoubt | undefined> {
  const serving = (await ledger.all())
    .filter(({ state }) => state === 'current' || state === 'draining')
    .sort((a, b) => rank(a, definition) - rank(b, definition) || a.state.localeCompare(b.state) || b.since - a.since);
  const secretNames = new Map((await directory.all()).map(({ name, secretName }) => [name, secretName]));
  for (const { apiKeyId, managedKey, token, state } of serving) {
    const secretName = secretNames.get(managedKey);
    if (apiKeyId === suspect || token === undefined || secretName === undefined) continue;
    const info = await keys.retrieve(apiKeyId);
    if (info === 'gone') return { doubt: { code: 'other-unknown', apiKeyId, state }, passing: false };
    if (info.unclear !== undefined) return { doubt: { code: 'unclear-fields', apiKeyId, fields: info.unclear }, passing: false };
    // One that is off should not be accepted.
    if (info.status !== 'active') continue;
    const value = await secrets.read(secretName, token);
    if (value === 'absent') continue;
    const answer = await probe.probe(value);
    if (answer.answer === 'accepted' && answer.organizationId === organizationId) return undefined;
    const said = answer.answer === 'unclear' ? answer.why : answer.answer === 'refused' ? '401' : 'another organization answers';
    const passing = answer.answer === 'unclear' && answer.lasting !== true;
    return { doubt: { code: 'other-not-accepted', apiKeyId, state, answer: said }, passing };
  }
  return undefined;
}

function rank({ managedKey }: ApiKeyRecord, own: ManagedKeyDefinition): number {
  return managedKey === own.name ? 0 : 1;
}
