import type { ApiKeyRecord } from '../contract/records.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import { verificationText } from '../lambda/incidents/message/verification-text.ts';
import type { StandbyVerification } from '../lambda/rotation/verify-standby.ts';
import type { CliIo } from './command.ts';
import { emergencyText, oldKeyTexts } from './emergency.ts';
import type { OpenInstallation } from './installation.ts';
import { rotationObstacle } from '../lambda/rotation/commands/obstacle.ts';
import { lookAtOldKey } from '../lambda/rotation/commands/revoke-old-key.ts';
import type { RevokePlan } from '../lambda/rotation/commands/revoke-plan.ts';
import { planNextKey, type NextKeyPlan } from '../lambda/rotation/commands/rotate.ts';
import { noKeyError } from '../lambda/rotation/no-key.ts';
import type { KeySnapshot } from '../lambda/rotation/commands/snapshot.ts';
import { json, line, progress } from './output.ts';
import { planText, planWhy } from './rotation-plan.ts';
import { tryKey, whyNotProven } from './verify-standby.ts';

export interface DryRunOrder {
  readonly emergency: RevokePlan | undefined;
  readonly proves: boolean;
  readonly asJson: boolean;
}

/**
 * What a rotation would do now; the key that it would take is proven and deactivated again. Fails (exit code 1) where the
 * rotation would.
 */
export async function dryRun(
  snapshot: KeySnapshot,
  { emergency, proves, asJson }: DryRunOrder,
  installation: OpenInstallation,
  io: CliIo,
): Promise<void> {
  const { definition, pause } = snapshot;
  const { name } = definition;
  const plan = emergency?.rotation ?? planNextKey(snapshot, installation.clock.now());
  const { next } = plan;
  // An emergency ends a pause, turns the schedule on, and was refused before where no key can take over.
  const refusal = emergency === undefined ? refusalOf(plan, snapshot) : undefined;
  const verification =
    refusal === undefined && next !== undefined && next !== 'made' && proves && canBeVerified(next)
      ? await tried(name, next, asJson, installation, io)
      : undefined;
  if (asJson) {
    json(
      {
        managedKey: name,
        wouldClaim: refusal === undefined && next !== 'made' ? (next?.apiKeyId ?? null) : null,
        because: refusal?.because ?? planWhy(plan),
        current: plan.current?.apiKeyId ?? null,
        wouldCutOff: (emergency?.dying ?? []).map((record) => record.apiKeyId),
        paused: pause !== undefined,
        proof: verification === undefined ? null : { verdict: verification.verdict, because: becauseOf(verification) },
      },
      io,
    );
  } else if (refusal !== undefined || next === undefined) {
    line(`A rotation of ${name} would fail: ${refusal?.because ?? planWhy(plan)}.`, io);
  } else {
    const text = emergency === undefined ? [planText(plan, definition)] : await emergencyText(snapshot, emergency, installation);
    line(`A rotation of ${name} would do this:`, io);
    for (const sentence of text) line(`  ${sentence}`, io);
    line(proofText(next, verification, proves), io);
  }
  if (refusal !== undefined) throw refusal.error;
  if (verification !== undefined && verification.verdict !== 'good') throw verificationError(name, verification);
}

/** Why the command itself would not even begin, and with which error. */
function refusalOf(plan: NextKeyPlan, snapshot: KeySnapshot): { readonly because: string; readonly error: KeyguardError } | undefined {
  const obstacle = rotationObstacle(snapshot);
  if (obstacle !== undefined) return { because: obstacle.message, error: obstacle };
  return plan.next === undefined ? { because: planWhy(plan), error: noKeyError(plan.why, snapshot.definition) } : undefined;
}

/** What an emergency would do that names a key which is off by the records: nothing rotates. */
export async function dryCut(
  stolen: ApiKeyRecord,
  snapshot: KeySnapshot,
  asJson: boolean,
  installation: OpenInstallation,
  io: CliIo,
): Promise<void> {
  const old = await lookAtOldKey(stolen, snapshot, installation.ports);
  const { isActive, status } = old;
  const plan = await oldKeyTexts(old, installation);
  const { name } = snapshot.definition;
  if (asJson) {
    json(
      {
        managedKey: name,
        wouldClaim: null,
        because: `${stolen.apiKeyId} is ${stolen.state}, so nothing has to take its place`,
        current: snapshot.own.find((record) => record.state === 'current')?.apiKeyId ?? null,
        wouldCutOff: isActive ? [stolen.apiKeyId] : [],
        paused: snapshot.pause !== undefined,
        proof: null,
      },
      io,
    );
  } else if (plan.length === 0) {
    line(`Nothing is left to do: ${stolen.apiKeyId} is ${stolen.state}, and at Anthropic it is ${status}.`, io);
  } else {
    line(`An emergency of ${name} would rotate nothing, and do this:`, io);
    for (const sentence of plan) line(`  ${sentence}`, io);
  }
}

/** Keys that a rotation holds already, or that served before, are not tried: they are active for others. */
function canBeVerified({ state, intent }: ApiKeyRecord): boolean {
  return state === 'standby' && intent === undefined;
}

async function tried(
  name: string,
  next: ApiKeyRecord,
  asJson: boolean,
  installation: OpenInstallation,
  io: CliIo,
): Promise<StandbyVerification> {
  const { apiKeyId } = next;
  if (!asJson) {
    progress(
      `The rotation function makes ${apiKeyId} active for a moment, and proves it; that takes seconds, or two minutes where nobody answers …`,
      io,
    );
  }
  const verification = await tryKey(name, next.apiKeyId, installation);
  return verification ?? { apiKeyId: next.apiKeyId, verdict: 'unclear', cause: { code: 'no-standby-key' } };
}

function proofText(next: ApiKeyRecord | 'made', verification: StandbyVerification | undefined, proves: boolean): string {
  if (next === 'made') return 'Nothing was made or proven. Nothing was changed.';
  const { apiKeyId, state } = next;
  switch (verification?.verdict) {
    case 'good':
      return `${apiKeyId} was active for a moment: Anthropic accepts it and shows it as it should be. It is inactive again and proven dead; nothing remains changed.`;
    case 'rejected':
      return `${apiKeyId} was active for a moment and failed its proof. It is inactive, and rejected: no rotation takes it any more.`;
    case 'unclear':
      return `${apiKeyId} could not be proven; it stays in the pool, and is deactivated again within minutes if it is active.`;
    case undefined:
      return `${proves ? `${apiKeyId} is not proven now, because it is ${state} and somebody may be at work on it` : 'Nothing was proven'}. Nothing was changed.`;
  }
}

function becauseOf({ cause }: StandbyVerification): string | null {
  return cause === undefined ? null : verificationText(cause);
}

function verificationError(name: string, verification: StandbyVerification): KeyguardError {
  const { apiKeyId, verdict } = verification;
  const why = whyNotProven(verification);
  if (verdict === 'unclear')
    return new KeyguardError('proof-unclear', `${apiKeyId} could not be proven: ${why}`, 'try again in five minutes');
  return new KeyguardError(
    'proof-failed',
    `${apiKeyId} failed its proof: ${why}`,
    `npx --no-install keyguard rotate ${name} --dry-run tries the next one; to put this one away: npx --no-install keyguard standby remove ${name} ${apiKeyId}`,
  );
}
