import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { RotationPorts } from './ports.ts';
import { unclearText } from './proof.ts';

/** Why nobody knows. `passing`: the answer itself did not come, which passes by itself. */
export interface Doubt {
  readonly why: string;
  readonly passing: boolean;
}

/**
 * Why a bad answer about `suspect` says nothing of it; undefined where it stands. Of the keys that consumers hold, the first one that
 * Anthropic shows as active should be accepted. Where that fails too, it is the way to Anthropic, its answers or our credential that are
 * wrong, and one standby key after the other would look bad.
 */
export async function doubtAbout(
  suspect: string,
  definition: ManagedKeyDefinition,
  { ledger, keys, secrets, probe, organizationId }: RotationPorts,
): Promise<Doubt | undefined> {
  const serving = (await ledger.all())
    .filter(({ managedKey, state }) => managedKey === definition.name && (state === 'current' || state === 'draining'))
    .sort((a, b) => a.state.localeCompare(b.state) || b.since - a.since);
  for (const { apiKeyId, token, state } of serving) {
    if (apiKeyId === suspect || token === undefined) continue;
    const info = await keys.retrieve(apiKeyId);
    if (info === 'gone') return { why: `Anthropic does not know ${apiKeyId} either, which is ${state}`, passing: false };
    if (info.unclear !== undefined) return { why: unclearText(apiKeyId, info.unclear), passing: false };
    // One that is off should not be accepted.
    if (info.status !== 'active') continue;
    const value = await secrets.read(definition.secretName, token);
    if (value === 'absent') continue;
    const answer = await probe.probe(value);
    if (answer.answer === 'accepted' && answer.organizationId === organizationId) return undefined;
    const how = answer.answer === 'unclear' ? answer.why : answer.answer === 'refused' ? '401' : 'another organization answers';
    const passing = answer.answer === 'unclear' && answer.lasting !== true;
    return { why: `${apiKeyId}, which is ${state} and should be accepted, is not accepted either (${how})`, passing };
  }
  return undefined;
}
