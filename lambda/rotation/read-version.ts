import type { Clock } from '../foundation/clock.ts';
import { poll } from '../foundation/poll.ts';
import type { Secret } from '../foundation/secret.ts';
import type { SecretVersions } from './ports.ts';

export interface VersionPorts {
  readonly secrets: Pick<SecretVersions, 'read'>;
  readonly clock: Clock;
}

const times = { deadlineMs: 90_000, beatMs: 3_000 };

/**
 * The value that a version of a secret was given. Secrets Manager is eventually consistent
 * (github.com/aws/aws-sdk-js-v3/issues/7701), so that `absent` is believed after a while only.
 */
export async function readVersion(secretId: string, versionId: string, { secrets, clock }: VersionPorts): Promise<Secret | 'absent'> {
  return poll(
    () => secrets.read(secretId, versionId),
    (value) => value !== 'absent',
    times,
    clock,
  );
}
