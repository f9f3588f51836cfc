import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import type { Clock } from '../foundation/clock.ts';
import { poll } from '../foundation/poll.ts';
import type { Secret } from '../foundation/secret.ts';
import type { SecretVersions } from './ports.ts';

const times = { deadlineMs: 90_000, beatMs: 3_000 };

/**
 * A key's value as it was stored: in the standby secret, or, of an old key that an undo asks for, in the version that consumers
 * read. Secrets Manager is eventually consistent (github.com/aws/aws-sdk-js-v3/issues/7701), so that `absent` is believed after a
 * while only.
 */
export async function readValue(
  { origin, standbyVersionId }: ApiKeyRecord,
  definition: ManagedKeyDefinition,
  { secrets, clock }: { readonly secrets: Pick<SecretVersions, 'read'>; readonly clock: Clock },
): Promise<Secret | 'absent'> {
  const [secretId, versionId] =
    origin === undefined ? [definition.standbySecretName, standbyVersionId] : [definition.secretName, origin.versionId];
  return poll(
    () => secrets.read(secretId, versionId),
    (value) => value !== 'absent',
    times,
    clock,
  );
}
