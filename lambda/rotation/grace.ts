import type { RotationPolicy } from '../../contract/policy.ts';
import { hourMs } from '../foundation/clock.ts';

/** How far usage may lag behind and still be evidence: it counts as settled after half an hour, and is read every few minutes. */
const freshMs = hourMs;

export interface DrainingKey {
  readonly switchedAt: number;
  /** Start of the last minute with tokens on this API key, if any. */
  readonly lastTokensAt: number | null;
  /** Silence before this instant is known: tokens of somebody in the organization are visible that are not earlier. */
  readonly usageKnownUntil: number;
  /** An operator's emergency: it gets no grace. */
  readonly revokeRequest?: boolean;
}

export type GraceVerdict =
  | { readonly verdict: 'wait'; readonly because: 'minimum grace' | 'usage unknown' | 'still used' | 'still used past the maximum' }
  | { readonly verdict: 'retire'; readonly because: 'silent' | 'maximum grace' | 'emergency' };

/** Whether usage that is known until then tells what is so now. */
export function isKnown(usageKnownUntil: number, now: number): boolean {
  return usageKnownUntil <= now && now - usageKnownUntil <= freshMs;
}

/**
 * Whether an old key may become inactive at `now` (I2). Silence counts only where usage is known up to the last hour: who was
 * silent yesterday may be at work today. What is known of the future is known of nothing. Total: every input has a verdict.
 */
export function judgeGrace(key: DrainingKey, policy: RotationPolicy, now: number): GraceVerdict {
  if (key.revokeRequest === true) return { verdict: 'retire', because: 'emergency' };
  if (now < key.switchedAt + policy.minimumGraceMs) return { verdict: 'wait', because: 'minimum grace' };
  const quietSince = Math.max(key.lastTokensAt === null ? key.switchedAt : key.lastTokensAt + 60_000, key.switchedAt);
  const isFresh = isKnown(key.usageKnownUntil, now);
  if (isFresh && key.usageKnownUntil >= quietSince + policy.quietMs) return { verdict: 'retire', because: 'silent' };
  const pastMaximum = now >= key.switchedAt + policy.maximumGraceMs;
  if (pastMaximum && policy.atMaximum === 'cut') return { verdict: 'retire', because: 'maximum grace' };
  if (!isFresh) return { verdict: 'wait', because: 'usage unknown' };
  return { verdict: 'wait', because: pastMaximum ? 'still used past the maximum' : 'still used' };
}
