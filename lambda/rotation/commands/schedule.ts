import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { CommandPorts, RotationSchedule } from './ports.ts';
import { openVersion } from '../staging-labels.ts';

/**
 * Turns a stopped rotation schedule on again. Where a rotation was broken off by the stop and stands in the way, its label is
 * taken off: nobody is at work on it, and retirement returns what it had claimed.
 */
export async function enableSchedule(
  { secretName }: ManagedKeyDefinition,
  from: Parameters<RotationSchedule['enable']>[1],
  { schedule, secrets }: Pick<CommandPorts, 'schedule' | 'secrets'>,
  token?: string,
): ReturnType<RotationSchedule['enable']> {
  const answer = await schedule.enable(secretName, from, token);
  if (answer === 'on') return 'on';
  const secret = await secrets.describe(secretName);
  const open = openVersion({ secret });
  if (secret.rotationEnabled || open === undefined) return 'unfinished';
  await secrets.discardPending(secretName, open);
  return schedule.enable(secretName, from, token);
}
