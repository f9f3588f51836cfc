import type { Clock } from '../foundation/clock.ts';
import { Unavailable } from '../foundation/errors.ts';
import { poll } from '../foundation/poll.ts';
import type { Secret } from '../foundation/secret.ts';
import type { ApiKeyInfo, KeyProbe, SecretVersions } from './ports.ts';

const proofTimes = { deadlineMs: 60_000, beatMs: 2_000 };
const absenceTimes = { deadlineMs: 20_000, beatMs: 2_000 };

interface RevocationPorts {
  readonly probe: KeyProbe;
  readonly clock: Clock;
}

/**
 * Proof of revocation: polls until Anthropic refuses the value (401), up to a minute. No figure is published for how soon it must.
 * False when the value is still accepted then; throws `Unavailable` when nobody could tell.
 */
export async function verifyRevoked(value: Secret, { probe, clock }: RevocationPorts): Promise<boolean> {
  const last = await poll(
    () => probe.probe(value),
    ({ answer }) => answer === 'refused',
    proofTimes,
    clock,
  );
  if (last.answer === 'unclear') throw new Unavailable('proof of revocation', last.why);
  return last.answer === 'refused';
}

/** What Anthropic shows of a key. */
export type Shown = ApiKeyInfo['status'] | 'gone';

/** Whether Anthropic will never accept it again, so that nothing can be set. */
export function isOver(status: Shown): status is 'archived' | 'expired' | 'gone' {
  return status === 'archived' || status === 'expired' || status === 'gone';
}

/** `no value`: Secrets Manager has pruned the version, as it does with old ones without a label; then the Admin API's word has to do. */
export type Revocation = 'dead' | 'alive' | 'no value';

/**
 * Proof of revocation of a value that consumers once read, by its version of their secret. Secrets Manager is eventually consistent
 * (github.com/aws/aws-sdk-js-v3/issues/7701), so that the version's absence is believed after a while only. Throws as `verifyRevoked` does.
 */
export async function verifyRevokedIn(
  secretId: string,
  versionId: string,
  ports: RevocationPorts & { readonly secrets: Pick<SecretVersions, 'read'> },
): Promise<Revocation> {
  const value = await poll(
    () => ports.secrets.read(secretId, versionId),
    (seen) => seen !== 'absent',
    absenceTimes,
    ports.clock,
  );
  if (value === 'absent') return 'no value';
  return (await verifyRevoked(value, ports)) ? 'dead' : 'alive';
}
