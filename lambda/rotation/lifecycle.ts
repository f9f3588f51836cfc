import type { ApiKeyIntent, ApiKeyRecord, ApiKeyState } from '../../contract/records.ts';
import { KeyguardError } from '../foundation/errors.ts';

/** From each state, the states that may follow. Archived and rejected are ends. */
const follows: Readonly<Record<ApiKeyState, readonly ApiKeyState[]>> = {
  standby: ['pending', 'rejected', 'contained', 'archived'],
  pending: ['current', 'standby', 'rejected', 'contained'],
  current: ['draining', 'contained'],
  draining: ['inactive', 'contained', 'current'],
  inactive: ['archived', 'contained', 'draining'],
  contained: ['archived', 'draining'],
  archived: [],
  rejected: ['archived'],
};

/** Whether Anthropic should show a key in this state as active. `pending` may still be on its way. */
export function shouldBeAwake(state: ApiKeyState): boolean {
  return state === 'current' || state === 'draining' || state === 'pending';
}

export interface Step {
  readonly to: ApiKeyState;
  readonly at: number;
  readonly because: string;
  /** Set when a rotation claims the key. */
  readonly token?: string;
}

/**
 * The record after a step. An intent is fulfilled and so removed; a key that returns to standby forgets its claim.
 * Throws KeyguardError `illegal-transition` for a step that the lifecycle does not know.
 */
export function moved(record: ApiKeyRecord, step: Step): Omit<ApiKeyRecord, 'revision'> {
  if (!follows[record.state].includes(step.to)) {
    throw new KeyguardError(
      'illegal-transition',
      `${record.apiKeyId} of ${record.managedKey} cannot go from ${record.state} to ${step.to}`,
      'look at its history: npx keyguard status',
    );
  }
  const { intent, token, switchedAt, ...rest } = record;
  const claim = step.to === 'standby' ? undefined : (step.token ?? token);
  const switched = step.to === 'draining' ? (switchedAt ?? step.at) : step.to === 'current' ? undefined : switchedAt;
  return {
    ...rest,
    state: step.to,
    since: step.at,
    because: step.because,
    ...(claim === undefined ? {} : { token: claim }),
    ...(switched === undefined ? {} : { switchedAt: switched }),
  };
}

/** The record with the intent that is stored before the effect, so that whoever comes next can finish it. */
export function intending(record: ApiKeyRecord, intent: ApiKeyIntent): Omit<ApiKeyRecord, 'revision'> {
  return { ...record, intent };
}

export function withoutIntent(record: ApiKeyRecord): Omit<ApiKeyRecord, 'revision'> {
  const { intent, ...rest } = record;
  return rest;
}
