import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { Wish } from '../contract/records.ts';
import { keptVersions } from '../lambda/adapters/aws/kept-versions.ts';
import { rotations, secretVersions } from '../lambda/adapters/aws/secret-versions.ts';
import { rotationToken, wishCause } from '../lambda/rotation/rotation-token.ts';
import { enableSchedule } from '../lambda/rotation/commands/schedule.ts';
import type { OpenInstallation } from './installation.ts';

/**
 * Starts the rotation that carries out a wish, once however often it is asked for: it is named after the wish. Where that
 * rotation came to nothing, it is another one.
 */
export async function startFor(
  { apiKeyId, wish }: { readonly apiKeyId: string; readonly wish: Wish },
  definition: ManagedKeyDefinition,
  installation: OpenInstallation,
): Promise<'started' | 'running'> {
  const { secrets } = installation;
  const { secretName } = definition;
  const name = rotationToken(wishCause(apiKeyId, wish));
  const isKept = (await keptVersions(secrets, secretName)).has(name);
  const { stages, rotationEnabled } = await secretVersions(secrets).describe(secretName);
  // A version that lost its labels can never become current.
  const token = isKept && !stages.has(name) ? undefined : name;
  if (rotationEnabled) return rotations(secrets).start(secretName, token);
  return (await enableSchedule(definition, 'now on', installation.ports, token)) === 'on' ? 'started' : 'running';
}
