import { lambdaThatWaits } from '../lambda/adapters/aws/clients.ts';
import { invoke } from '../lambda/adapters/aws/invoke.ts';
import type { StandbyVerification, StandbyVerificationRequest } from '../lambda/rotation/verify-standby.ts';
import { isVerificationCause } from '../contract/cause-shapes.ts';
import { verificationText } from '../lambda/incidents/message/verification-text.ts';
import { callerName } from './aws-session.ts';
import type { OpenInstallation } from './installation.ts';

/**
 * Has the rotation function prove one standby key and deactivate it again: nobody else may read its value. Undefined where it
 * is no standby key any more.
 */
export async function tryKey(
  managedKey: string,
  apiKeyId: string,
  { definition }: OpenInstallation,
): Promise<StandbyVerification | undefined> {
  const request: StandbyVerificationRequest = { operation: 'try-standby-keys', managedKey, apiKeyIds: [apiKeyId], by: await callerName() };
  const answer = await invoke(lambdaThatWaits(), definition.functions.rotation, request);
  return Array.isArray(answer) ? answer.flatMap(verificationIn)[0] : undefined;
}

/** Why Anthropic did not prove it good. @sentence */
export function whyNotProven({ cause }: StandbyVerification): string {
  return cause === undefined ? 'no reason is known' : verificationText(cause);
}

/** Has the rotation function try no key at all: it starts, reads the managed keys and the state table, and changes nothing. Throws where it cannot. */
export async function askForNothing({ definition, managedKeys }: OpenInstallation): Promise<void> {
  const request: StandbyVerificationRequest = {
    operation: 'try-standby-keys',
    managedKey: managedKeys[0]?.name ?? '',
    apiKeyIds: [],
    by: 'doctor',
  };
  await invoke(lambdaThatWaits(), definition.functions.rotation, request);
}

/** A reason that this version does not know is none: the function may be of another one. */
function verificationIn(value: unknown): readonly StandbyVerification[] {
  if (!(value instanceof Object)) return [];
  const { apiKeyId, verdict, cause }: { apiKeyId?: unknown; verdict?: unknown; cause?: unknown } = value;
  if (typeof apiKeyId !== 'string' || (verdict !== 'good' && verdict !== 'rejected' && verdict !== 'unclear')) return [];
  return [{ apiKeyId, verdict, ...(isVerificationCause(cause) ? { cause } : {}) }];
}
