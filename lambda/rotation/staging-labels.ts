import type { ApiKeyRecord } from '../../contract/records.ts';
import { minuteMs } from '../foundation/clock.ts';
import type { SecretDescription } from './ports.ts';

/** The version that carries a staging label. */
export function versionWith(stages: SecretDescription['stages'], label: string): string | undefined {
  for (const [versionId, labels] of stages) if (labels.includes(label)) return versionId;
  return undefined;
}

/** The version of a rotation that has begun and not ended. */
export function openVersion({ secret: { stages } }: { readonly secret: Pick<SecretDescription, 'stages'> }): string | undefined {
  const versionId = versionWith(stages, 'AWSPENDING');
  return versionId === undefined || stages.get(versionId)?.includes('AWSCURRENT') === true ? undefined : versionId;
}

/** Whether a rotation has the key in hand, or has just switched to it: its version carries AWSPENDING or AWSCURRENT. */
export function isRotating({ token }: Pick<ApiKeyRecord, 'token'>, { stages }: Pick<SecretDescription, 'stages'>): boolean {
  const labels = (token === undefined ? undefined : stages.get(token)) ?? [];
  return labels.includes('AWSPENDING') || labels.includes('AWSCURRENT');
}

/** Whether AWSCURRENT is on the version that holds the key's value: consumers read it. */
export function hasAwsCurrent({ token }: Pick<ApiKeyRecord, 'token'>, { stages }: Pick<SecretDescription, 'stages'>): boolean {
  return token !== undefined && stages.get(token)?.includes('AWSCURRENT') === true;
}

/**
 * The current key, where consumers read something that no rotation put there. DescribeSecret's old answer is none: see `staleMs`.
 */
export function displacedKey(
  own: readonly ApiKeyRecord[],
  secret: Pick<SecretDescription, 'stages'>,
  now: number,
): ApiKeyRecord | undefined {
  return own.find((record) => record.state === 'current' && record.since + staleMs <= now && !hasAwsCurrent(record, secret));
}

/** Whether no rotation moved AWSCURRENT to this current key, but somebody by hand. */
export function isSwitchedByHand({ cause }: Pick<ApiKeyRecord, 'cause'>): boolean {
  return cause?.code === 'switched-by-hand';
}

/** DescribeSecret is eventually consistent: for so long after a switch, what points to an older key may be an old answer. */
export const staleMs = minuteMs;
