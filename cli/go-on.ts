import type { ManagedKeyDefinition } from '../contract/policy.ts';
import { rotationSchedule, type RotationSchedule } from '../lambda/adapters/aws/rotation-schedule.ts';
import { secretVersions } from '../lambda/adapters/aws/secret-versions.ts';
import type { OpenInstallation } from './installation.ts';
import { openVersion } from './key-sight.ts';

/**
 * Turns a stopped rotation schedule on again. Where a rotation was broken off by the stop and stands in the way, its label is
 * taken off: nobody is at work on it, and retirement returns what it had claimed.
 */
export async function letRotate(
  { secretName }: ManagedKeyDefinition,
  from: Parameters<RotationSchedule['goOn']>[1],
  { secrets }: OpenInstallation,
  token?: string,
): ReturnType<RotationSchedule['goOn']> {
  const schedule = rotationSchedule(secrets);
  const answer = await schedule.goOn(secretName, from, token);
  if (answer === 'on') return 'on';
  const secret = await secretVersions(secrets).describe(secretName);
  const open = openVersion({ secret });
  if (secret.rotationEnabled || open === undefined) return 'unfinished';
  await secretVersions(secrets).discardPending(secretName, open);
  return schedule.goOn(secretName, from, token);
}
