import { CancelRotateSecret$, RotateSecret$ } from '@aws-sdk/client-secrets-manager';
import type {
  CancelRotateSecretRequest,
  CancelRotateSecretResponse,
  RotateSecretRequest,
  RotateSecretResponse,
} from '@aws-sdk/client-secrets-manager';
import { AwsError, operation } from '../service.ts';
import type { Account, Checked, Operation } from '../service.ts';
import { dropLabel, openRotation, placeLabel } from './labels.ts';
import { checkRules, laterWindow, nextWindow, windowLengthMs } from './rotation-window.ts';
import { CURRENT, holder, PENDING } from './store.ts';
import type { RotationSetting, SecretRecord, SecretStore } from './store.ts';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

/** A rotation that has begun and neither succeeded nor run out of its window. */
interface Run {
  readonly token: string;
  readonly rotationToken: string;
  readonly closesAt: number;
  /** Undefined while the steps are being called. */
  nextAttemptAt: number | undefined;
}

/**
 * RotateSecret, CancelRotateSecret and the rotation schedule. RotateSecret answers at once; the steps run at the next
 * settle, one after the other, each by calling the function. A failed rotation starts again at createSecret with the
 * same pending version, every `retryMs` while the window is open (AWS publishes no count: userguide/rotate-secrets_how.html).
 */
export function createRotation(account: Account, store: SecretStore, retryMs: number): readonly Operation[] {
  const { clock, functions, agenda, randomness } = account;
  const runs = new Map<string, Run>();
  /** Close of the last window that ended without success; the next one opens after it. */
  const failedUntil = new Map<string, number>();

  const begin = (record: SecretRecord, token: string, closesAt: number): void => {
    // Registered empty before the function hears of it.
    const registered = record.versions.get(token) ?? { id: token, value: undefined, stages: [], createdAt: clock.now() };
    const versions = placeLabel(new Map(record.versions).set(token, registered), PENDING, token);
    store.save({ ...record, versions });
    store.emit('RotationStarted', record, { versionId: token });
    runs.set(record.name, { token, rotationToken: randomness.uuid(), closesAt, nextAttemptAt: clock.now() });
  };

  const call = (record: SecretRecord, lambdaArn: string, step: (typeof STEPS)[number], run: Pick<Run, 'token' | 'rotationToken'>) =>
    functions.invoke(
      lambdaArn,
      { Step: step, SecretId: record.arn, ClientRequestToken: run.token, RotationToken: run.rotationToken },
      `rotation:${step}`,
    );

  const attempt = async (name: string, run: Run): Promise<void> => {
    run.nextAttemptAt = undefined;
    const outcome = await callSteps(name, run);
    const record = store.get(name);
    if (outcome !== 'over' && record?.rotation !== undefined) {
      const complete = outcome === 'called' && holder(record, CURRENT)?.id === run.token && openRotation(record) === undefined;
      if (!complete && failed(record, run) === 'again') return;
      if (complete) succeeded(record, record.rotation, run);
    }
    end(name, run);
  };

  const callSteps = async (name: string, run: Run): Promise<'called' | 'failed' | 'over'> => {
    for (const step of STEPS) {
      const record = store.get(name);
      if (record?.rotation?.enabled !== true || record.deletionAt !== undefined) return 'over';
      // Cancelled, or begun anew.
      if (runs.get(name) !== run) return 'over';
      // AWSPENDING was taken away: the rest of the steps is not called.
      if (!held(record, run.token)) return 'over';
      try {
        await call(record, record.rotation.lambdaArn, step, run);
      } catch {
        // The function's own error is in its invocations; here only the outcome counts.
        return 'failed';
      }
    }
    return 'called';
  };

  const succeeded = (record: SecretRecord, setting: RotationSetting, run: Run): void => {
    const now = clock.now();
    store.save({ ...record, rotation: { ...setting, lastRotatedAt: now, countedFrom: now } });
    store.emit('RotationSucceeded', record, { versionId: run.token });
    failedUntil.delete(record.name);
  };

  const failed = (record: SecretRecord, run: Run): 'again' | 'window closed' => {
    store.emit('RotationFailed', record, { versionId: run.token });
    const nextAt = clock.now() + retryMs;
    if (nextAt <= run.closesAt) {
      run.nextAttemptAt = nextAt;
      return 'again';
    }
    failedUntil.set(record.name, run.closesAt);
    return 'window closed';
  };

  const end = (name: string, run: Run): void => {
    if (runs.get(name) === run) runs.delete(name);
  };

  /** When something is due for this secret: an attempt of its open rotation, else its next window. */
  const dueAt = (record: SecretRecord): number | undefined => {
    const setting = record.rotation;
    if (setting?.enabled !== true || record.deletionAt !== undefined) return undefined;
    const run = runs.get(record.name);
    if (run !== undefined) return run.nextAttemptAt;
    const since = failedUntil.get(record.name);
    return (since === undefined ? nextWindow(setting) : laterWindow(setting, since))?.opensAt;
  };
  const earliest = (): { record: SecretRecord; due: number } | undefined => {
    let best: { record: SecretRecord; due: number } | undefined;
    for (const record of store.all()) {
      const due = dueAt(record);
      if (due !== undefined && (best === undefined || due < best.due)) best = { record, due };
    }
    return best;
  };

  agenda.addSource({
    next: () => earliest()?.due,
    async run() {
      const found = earliest();
      if (found === undefined) return;
      const { record, due } = found;
      if (!runs.has(record.name)) {
        // A world that leapt past the window still gets its rotation, as AWS would have run it in time.
        const closesAt = Math.max(due + windowLengthMs(record.rotation?.rules, due), clock.now());
        begin(record, openRotation(record)?.id ?? randomness.uuid(), closesAt);
      }
      const run = runs.get(record.name);
      if (run !== undefined) await attempt(record.name, run);
    },
  });

  /** RotateImmediately=false: testSecret alone, on an empty AWSPENDING version that is removed afterwards. */
  const tryOut = async (name: string, token: string, lambdaArn: string): Promise<void> => {
    const record = store.get(name);
    if (record === undefined) return;
    store.emit('TestRotationStarted', record, { versionId: token });
    let outcome: 'TestRotationSucceeded' | 'TestRotationFailed' = 'TestRotationSucceeded';
    try {
      await call(record, lambdaArn, 'testSecret', { token, rotationToken: randomness.uuid() });
    } catch {
      outcome = 'TestRotationFailed';
    }
    const after = store.get(name);
    if (after === undefined) return;
    store.emit(outcome, after, { versionId: token });
    const versions = new Map(holder(after, PENDING)?.id === token ? dropLabel(after.versions, PENDING) : after.versions);
    if (versions.get(token)?.stages.length === 0) versions.delete(token);
    store.save({ ...after, versions });
  };

  const rotate = operation<RotateSecretRequest, RotateSecretResponse>(RotateSecret$, (input, { now }) => {
    const record = store.findLive(input.SecretId);
    const token = input.ClientRequestToken ?? randomness.uuid();
    const answer = { ARN: record.arn, Name: record.name, VersionId: token };
    const setting = settingFor(record, input, (arn) => functions.exists(arn), now);
    const open = openRotation(record);
    if (open !== undefined) {
      // The caller's own retry of the call that began this rotation.
      if (open.id === token && runs.get(record.name)?.token === token) return answer;
      reattempt(record, setting, open.id, now);
      throw new AwsError('InvalidRequestException', "A previous rotation isn't complete. That rotation will be reattempted.");
    }
    if (record.versions.get(token)?.value !== undefined) {
      // Done already under this token.
      if (record.versions.get(token)?.stages.includes(CURRENT)) return answer;
      throw new AwsError(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${record.arn}.`,
      );
    }
    const configured: SecretRecord = { ...record, rotation: setting };
    if (input.RotateImmediately === false) {
      const throwAway = { id: token, value: undefined, stages: [], createdAt: now };
      store.save({ ...configured, versions: placeLabel(new Map(record.versions).set(token, throwAway), PENDING, token) });
      agenda.soon(() => tryOut(record.name, token, setting.lambdaArn));
    } else {
      begin(configured, token, now + windowLengthMs(setting.rules, now));
      wake();
    }
    return answer;
  });

  const cancel = operation<CancelRotateSecretRequest, CancelRotateSecretResponse>(CancelRotateSecret$, (input) => {
    const record = store.findLive(input.SecretId);
    const open = openRotation(record);
    runs.delete(record.name);
    // Labels stay as they are: a cancelled rotation can leave AWSPENDING behind. Function and rules stay for RotateSecret.
    if (record.rotation !== undefined) store.save({ ...record, rotation: { ...record.rotation, enabled: false } });
    return { ARN: record.arn, Name: record.name, ...(open === undefined ? {} : { VersionId: open.id }) };
  });

  return [rotate, cancel];

  function reattempt(record: SecretRecord, setting: RotationSetting, token: string, now: number): void {
    const run = runs.get(record.name);
    if (run?.nextAttemptAt !== undefined) run.nextAttemptAt = now;
    if (run === undefined) begin({ ...record, rotation: setting }, token, now + windowLengthMs(setting.rules, now));
    wake();
  }

  /** Lets a world that runs by itself settle; the work is found as a due source. */
  function wake(): void {
    agenda.soon(() => Promise.resolve());
  }
}

/** Whether the rotation's version still is what the rotation is about. */
function held(record: SecretRecord, token: string): boolean {
  return holder(record, PENDING)?.id === token || holder(record, CURRENT)?.id === token;
}

function settingFor(
  record: SecretRecord,
  input: Checked<RotateSecretRequest>,
  exists: (arn: string) => boolean,
  now: number,
): RotationSetting {
  const lambdaArn = input.RotationLambdaARN ?? record.rotation?.lambdaArn;
  if (lambdaArn === undefined) {
    throw new AwsError('InvalidRequestException', 'No Lambda rotation function ARN is associated with this secret.');
  }
  if (!exists(lambdaArn)) {
    throw new AwsError(
      'AccessDeniedException',
      'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
    );
  }
  if (input.RotationRules !== undefined) checkRules(input.RotationRules);
  const old = record.rotation;
  const unchanged = old?.enabled === true && input.RotationRules === undefined;
  return {
    ...old,
    enabled: true,
    lambdaArn,
    rules: input.RotationRules ?? old?.rules,
    countedFrom: unchanged ? old.countedFrom : now,
  };
}
