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
import type { RotationSetting, SecretRecord, SecretStore, Version } from './store.ts';
import { checkToken } from './versions.ts';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

/** A rotation that has begun and neither succeeded nor run out of its window. */
interface Run {
  readonly token: string;
  readonly rotationToken: string;
  readonly closesAt: number;
  /** Undefined while the steps are being called. */
  nextAttemptAt: number | undefined;
}

export interface RotationBehaviour {
  readonly retryMs: number;
  readonly pendingCleanUpMs: number;
  readonly plannedRotationStays: boolean;
  readonly testOnEmptySecret: 'empty-version' | 'no-version' | 'no-call';
}

/**
 * RotateSecret, CancelRotateSecret and the rotation schedule. RotateSecret answers at once; the steps run at the next
 * settle, one after the other, each by calling the function. A failed rotation starts again at createSecret with the
 * same pending version, every `retryMs` while the window is open (AWS publishes no count: userguide/rotate-secrets_how.html).
 */
export function createRotation(account: Account, store: SecretStore, behaviour: RotationBehaviour): readonly Operation[] {
  const { clock, functions, agenda, randomness } = account;
  const { retryMs, pendingCleanUpMs, plannedRotationStays, testOnEmptySecret } = behaviour;
  const runs = new Map<string, Run>();
  /** Tokens of the tests that have not ended, by name. */
  const tests = new Map<string, string>();
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
    const { plannedAt, ...rest } = setting;
    store.save({ ...record, rotation: { ...rest, lastRotatedAt: now, countedFrom: now } });
    store.emit('RotationSucceeded', record, { versionId: run.token });
    failedUntil.delete(record.name);
    agenda.at(now + pendingCleanUpMs, async () => {
      cleanUp(record.name, run.token);
    });
  };

  /** AWSPENDING that stayed with AWSCURRENT is taken off outside of the function, some time after the rotation. */
  const cleanUp = (name: string, token: string): void => {
    const record = store.get(name);
    if (record === undefined || runs.has(name) || holder(record, PENDING)?.id !== token) return;
    store.save({ ...record, versions: dropLabel(record.versions, PENDING) });
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

  /**
   * RotateImmediately=false: testSecret alone, on a throw-away AWSPENDING version with a copy of AWSCURRENT's value, which is removed
   * afterwards (getmoto/moto PR 8547, verified on AWS). What happens on a secret without a value is not documented.
   */
  const beginTest = (record: SecretRecord, setting: RotationSetting, token: string): void => {
    const value = holder(record, CURRENT)?.value;
    const isRegistered = value !== undefined || testOnEmptySecret === 'empty-version';
    const throwAway: Version = { id: token, value, stages: [], createdAt: clock.now(), isTest: true };
    const versions = isRegistered ? placeLabel(new Map(record.versions).set(token, throwAway), PENDING, token) : record.versions;
    store.save({ ...record, versions });
    if (value === undefined && testOnEmptySecret === 'no-call') return;
    tests.set(record.name, token);
    agenda.soon(() => tryOut(record.name, token, setting.lambdaArn));
  };

  const tryOut = async (name: string, token: string, lambdaArn: string): Promise<void> => {
    const record = store.get(name);
    if (record === undefined) return void tests.delete(name);
    store.emit('TestRotationStarted', record, { versionId: token });
    let outcome: 'TestRotationSucceeded' | 'TestRotationFailed' = 'TestRotationSucceeded';
    try {
      await call(record, lambdaArn, 'testSecret', { token, rotationToken: randomness.uuid() });
    } catch {
      outcome = 'TestRotationFailed';
    }
    tests.delete(name);
    const after = store.get(name);
    if (after === undefined) return;
    store.emit(outcome, after, { versionId: token });
    const versions = new Map(holder(after, PENDING)?.id === token ? dropLabel(after.versions, PENDING) : after.versions);
    if (versions.get(token)?.stages.length === 0) versions.delete(token);
    store.save({ ...after, versions });
  };

  const rotate = operation<RotateSecretRequest, RotateSecretResponse>(
    RotateSecret$,
    ['SecretId', 'ClientRequestToken', 'RotationLambdaARN', 'RotationRules', 'RotateImmediately'],
    (input, { now }) => {
      const record = store.findLive(input.SecretId);
      const token = input.ClientRequestToken ?? randomness.uuid();
      checkToken(token);
      const answer = { ARN: record.arn, Name: record.name, VersionId: token };
      const setting = settingFor(record, input, (arn) => functions.exists(arn), now);
      const open = openRotation(record);
      if (tests.has(record.name)) {
        // The caller's own retry of the call that began this test.
        if (tests.get(record.name) === token) return answer;
        throw incomplete();
      }
      if (open !== undefined) {
        // The caller's own retry of the call that began this rotation.
        if (open.id === token && runs.get(record.name)?.token === token) return answer;
        reattempt(record, setting, open.id, now);
        throw incomplete();
      }
      if (record.versions.get(token)?.value !== undefined) {
        // Done already under this token.
        if (record.versions.get(token)?.stages.includes(CURRENT)) return answer;
        // API_RotateSecret declares no ResourceExistsException.
        throw new AwsError(
          'InvalidRequestException',
          `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${record.arn}.`,
        );
      }
      const planned = plannedRotationStays && input.RotateImmediately === false ? plannedBy(record, setting) : undefined;
      const configured: SecretRecord = { ...record, rotation: planned === undefined ? setting : { ...setting, plannedAt: planned } };
      if (input.RotateImmediately === false) {
        beginTest(configured, setting, token);
      } else {
        begin(configured, token, now + windowLengthMs(setting.rules, now));
        wake();
      }
      return answer;
    },
  );

  const cancel = operation<CancelRotateSecretRequest, CancelRotateSecretResponse>(CancelRotateSecret$, ['SecretId'], (input) => {
    const record = store.findLive(input.SecretId);
    if (record.rotation === undefined) {
      throw new AwsError('InvalidRequestException', 'No Lambda rotation function ARN is associated with this secret.');
    }
    const open = openRotation(record);
    runs.delete(record.name);
    // Labels stay as they are: a cancelled rotation can leave AWSPENDING behind. Function and rules stay for RotateSecret.
    store.save({ ...record, rotation: { ...record.rotation, enabled: false } });
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

function incomplete(): AwsError {
  return new AwsError('InvalidRequestException', "A previous rotation isn't complete. That rotation will be reattempted.");
}

/** Whether the rotation's version still is what the rotation is about. */
function held(record: SecretRecord, token: string): boolean {
  return holder(record, PENDING)?.id === token || holder(record, CURRENT)?.id === token;
}

/** When the rotation opens that the rules of before had planned, where the new ones are a rate. */
function plannedBy({ rotation: old }: SecretRecord, { rules }: RotationSetting): number | undefined {
  const isRate = rules?.AutomaticallyAfterDays !== undefined || rules?.ScheduleExpression?.startsWith('rate(') === true;
  return old?.enabled === true && isRate ? nextWindow(old)?.opensAt : undefined;
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
