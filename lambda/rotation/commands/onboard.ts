import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { hasPool } from '../../../contract/registry.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import type { Secret } from '../../foundation/secret.ts';
import { onboardStandbyKey, type OnboardOptions, type OnboardPorts } from '../onboard.ts';
import { cutOffLast } from '../conditions.ts';
import { poolOf, shortKeys, takesAt, type Pool, type ShortKey } from '../pool-cover.ts';
import { owesRotation } from '../ports.ts';
import { attemptOf, cutOffCause, failureCause, rotationToken } from '../rotation-token.ts';
import type { CommandPorts } from './ports.ts';
import { readSnapshot } from './snapshot.ts';

/** Throws KeyguardError `standby-refused` where the strategy of a managed key makes its keys itself. */
export function checkHasPool({ name, rotation: { strategy } }: Pick<ManagedKeyDefinition, 'name' | 'rotation'>): void {
  if (hasPool(strategy)) return;
  throw new KeyguardError(
    'standby-refused',
    `${name} has no standby keys: its rotation.strategy is "${strategy}", which makes a key for each rotation`,
    `nothing; to rotate with standby keys, set rotation.strategy of ${name} to "pool" in keyguard.json, and deploy: npx cdk deploy`,
  );
}

/** The pool that these keys of a managed key make, with what says when rotations take from it, as of now. */
export async function readPool(
  definition: ManagedKeyDefinition,
  own: readonly ApiKeyRecord[],
  { secrets, alarm, clock }: Pick<CommandPorts, 'secrets' | 'alarm' | 'clock'>,
): Promise<Pool> {
  const [secret, failed] = await Promise.all([secrets.describe(definition.secretName), alarm.lasting('rotation-failed', definition.name)]);
  return poolOf({ definition, own, secret, now: clock.now() }, failed);
}

/** A key that was taken in. `short`: the keys before it leave it too little time. */
export interface Onboarded {
  readonly record: ApiKeyRecord;
  readonly pool: Pool;
  readonly short: ShortKey | undefined;
}

/** Takes in a key that the next rotation could take. Throws KeyguardError `standby-refused`, which names the check and the fix. */
export async function onboardKey(
  definition: ManagedKeyDefinition,
  value: Secret,
  options: Omit<OnboardOptions, 'takenAt'>,
  ports: OnboardPorts & Pick<CommandPorts, 'secrets' | 'alarm'>,
): Promise<Onboarded> {
  checkHasPool(definition);
  const before = await readPool(definition, await ports.ledger.of(definition.name), ports);
  const record = await onboardStandbyKey(definition, value, { ...options, takenAt: takesAt(before) }, ports);
  const pool = { ...before, own: [...before.own.filter(({ apiKeyId }) => apiKeyId !== record.apiKeyId), record] };
  return { record, pool, short: shortKeys(pool).find((key) => key.record === record) };
}

/**
 * A rotation that failed for want of a key goes on now, and so does one to the key that consumers lack since a cut-off: Secrets Manager
 * itself may have closed its window. Answers whether there was one. Not while it is paused: RotateSecret would turn on again what a pause
 * has stopped.
 */
export async function startOwedRotation(
  definition: ManagedKeyDefinition,
  ports: Pick<CommandPorts, 'ledger' | 'secrets' | 'pauses' | 'alarm' | 'rotations' | 'clock'>,
): Promise<boolean> {
  const failed = await ports.alarm.lasting('rotation-failed', definition.name);
  const { own, secret, pause } = await readSnapshot(definition, ports);
  const cut = cutOffLast({ own, secret });
  const owed = failed !== undefined && owesRotation(failed) ? failureCause(definition.name, failed.at) : undefined;
  const cause = owed ?? (cut === undefined ? undefined : cutOffCause(cut));
  if (cause === undefined || pause !== undefined) return false;
  // Retirement would ask for the same one within minutes.
  await ports.rotations.start(definition.secretName, rotationToken(cause, attemptOf(cause, own, ports.clock.now())));
  return true;
}
