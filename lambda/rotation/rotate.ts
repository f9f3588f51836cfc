import type { AlarmCause } from '../../contract/causes.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import { KeyguardError, LostRace, Unavailable } from '../foundation/errors.ts';
import { chooseNext } from './claim.ts';
import { hasServed, withIntent } from './lifecycle.ts';
import { causeText, nextKeyText } from '../incidents/message/cause-text.ts';
import { owesRotation, undoInVain, type RotationPorts, type SecretDescription } from './ports.ts';
import { strategies, type CandidateVerdict, type Lost, type NotBack } from './strategies.ts';
import { recordSwitch } from './record-switch.ts';
import { displacedKey, versionWith } from './staging-labels.ts';
import { updateRecord } from './update-record.ts';

const by = 'rotation';
const rotationSteps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
type RotationStep = (typeof rotationSteps)[number];

/** What Secrets Manager sends. RotationToken (assumed-role rotation) is ignored: the function uses its own role. */
interface RotationEvent {
  readonly step: RotationStep;
  readonly secretArn: string;
  readonly token: string;
}

/**
 * One of the four steps that Secrets Manager calls in order, each safe to run again with the same token: it retries the
 * whole rotation from createSecret while the window is open. Throws KeyguardError for an event that is not for this
 * function, having changed nothing.
 */
export async function rotationStep(event: unknown, ports: RotationPorts): Promise<void> {
  const { step, secretArn, token } = readEvent(event);
  const definition = await ports.directory.bySecret(secretArn);
  if (definition === undefined) {
    throw new KeyguardError(
      'foreign-secret',
      `${secretArn} is no managed key of this installation`,
      'point its rotation at its own function',
    );
  }
  if (step === 'testSecret' && !(await isClaimed(token, definition, ports))) {
    ports.log.info('rotation.tested-without-candidate', { managedKey: definition.name, token });
    return;
  }
  const versions = await ports.secrets.describe(definition.secretName);
  const labels = versions.stages.get(token);
  if (!versions.rotationEnabled) throw switchedOff(definition);
  if (labels === undefined) throw unknownToken(definition, token, 'is no version of this secret');
  if (labels.includes('AWSCURRENT')) {
    // A repeated step of a rotation that is over: only its record may still be owed.
    await recordSwitch(definition, ports, by);
    if (step === 'finishSecret') await ports.alarm.clear('rotation-failed', definition.name, 'switched');
    await (await strategies[definition.rotation.strategy]()).clearAway(definition, ports);
    return;
  }
  if (!labels.includes('AWSPENDING')) throw unknownToken(definition, token, 'is not labelled AWSPENDING');
  try {
    await perform[step](definition, token, ports);
    ports.log.info('rotation.step-done', { step, managedKey: definition.name, token });
  } catch (error) {
    // Of a candidate that is given up people were told before its version was discarded.
    if (!isGivenUp(error)) await tellUnlessOver(error, definition, token, ports);
    throw error;
  }
}

/**
 * Secrets Manager leaves AWSPENDING where a rotation put it. Where somebody then writes the secret by hand, the label stays on the key that
 * was current, and each later rotation would be that one again, for ever: it is taken off, and the next one begins anew.
 */
async function checkNotOver(
  versions: SecretDescription,
  definition: ManagedKeyDefinition,
  token: string,
  ports: RotationPorts,
): Promise<void> {
  const own = await ports.ledger.of(definition.name);
  if (displacedKey(own, versions, ports.clock.now())?.token !== token) return;
  await goOnWith({ verdict: 'lost', cause: { code: 'written-by-hand' } }, definition, token, ports);
}

/**
 * Whether an API key stands behind a version. Changing the rotation settings makes Secrets Manager test the function on a throw-away
 * version, a copy of AWSCURRENT's value: that is no rotation, so nothing is proven, told or owed, whatever the state of that key. A
 * rotation whose candidate is gone is told by the steps before and after.
 */
async function isClaimed(token: string, { name }: ManagedKeyDefinition, { ledger }: RotationPorts): Promise<boolean> {
  return (await ledger.of(name)).some((record) => record.token === token);
}

type Perform = (definition: ManagedKeyDefinition, token: string, ports: RotationPorts) => Promise<void>;

const perform: Readonly<Record<RotationStep, Perform>> = {
  async createSecret(definition, token, ports) {
    const versions = await recordSwitch(definition, ports, by);
    if ((await ports.secrets.read(definition.secretName, token)) !== 'absent') {
      await checkNotOver(versions, definition, token, ports);
      return;
    }
    const paused = await ports.pauses.find(definition.name);
    if (paused !== undefined) {
      throw new KeyguardError(
        'paused',
        `${definition.name} is paused: ${paused.because}`,
        `npx --no-install keyguard resume ${definition.name}`,
      );
    }
    const strategy = await strategies[definition.rotation.strategy]();
    const obtained = await strategy.obtain(definition, token, ports);
    if ('verdict' in obtained) {
      await goOnWith(obtained, definition, token, ports);
      return;
    }
    await ports.secrets.putPending(definition.secretName, token, obtained);
  },

  async setSecret(definition, token, ports) {
    const strategy = await strategies[definition.rotation.strategy]();
    await goOnWith(await strategy.assure(definition, token, ports), definition, token, ports);
  },

  async testSecret(definition, token, ports) {
    const strategy = await strategies[definition.rotation.strategy]();
    await goOnWith(await strategy.prove(definition, token, ports), definition, token, ports);
  },

  async finishSecret(definition, token, ports) {
    const strategy = await strategies[definition.rotation.strategy]();
    // The last look before the switch: I1 forbids to promote what Anthropic would refuse.
    const proven = await goOnWith(await strategy.prove(definition, token, ports), definition, token, ports);
    // The switch of a rotation that was killed before its record: once another follows it, nobody could tell that the key served.
    const { stages, rotationEnabled } = await recordSwitch(definition, ports, by);
    // Whoever stopped it meanwhile was told that consumers keep the key that they have.
    if (!rotationEnabled) throw switchedOff(definition);
    await intendSwitch(token, proven, ports);
    const requestIds = await ports.secrets.promote(definition.secretName, token, versionWith(stages, 'AWSCURRENT'));
    await recordSwitch(definition, ports, by, { requestIds });
    await ports.alarm.clear('rotation-failed', definition.name, 'switched');
    await strategy.clearAway(definition, ports);
    ports.log.info('rotation.switched', { managedKey: definition.name, token });
  },
};

/**
 * Stored before AWSCURRENT moves: from now on consumers may have read the key, whatever becomes of this run. Throws LostRace when
 * the claim was given back meanwhile.
 */
async function intendSwitch(token: string, apiKeyId: string, ports: RotationPorts): Promise<void> {
  await updateRecord(ports.ledger, apiKeyId, by, (claimed) => {
    const { state, intent } = claimed;
    // Another run of this rotation may have rejected it, and claimed another key under the same token.
    const isOurs = claimed.token === token && (state === 'pending' || state === 'current');
    if (!isOurs || (state === 'pending' && intent !== undefined && intent.to !== 'current')) {
      throw new LostRace(`the claim of version ${token}`);
    }
    // Written anew by each run: one that deactivates the key meanwhile loses its race.
    return state === 'current' ? undefined : withIntent(claimed, { to: 'current', at: ports.clock.now(), cause: { code: 'switching' } });
  });
}

/**
 * A rotation has one candidate. Where AWSPENDING was filled, another one cannot take its place under the same token, and would block every
 * later rotation (github.com/aws/aws-cdk/issues/28539). And a rotation that tried one key after the other would empty the pool if it is
 * Anthropic's answers that are wrong. So the label is taken off, this rotation is over, and retirement starts the next one. Returns the id
 * of a good one.
 */
async function goOnWith(
  candidate: CandidateVerdict,
  definition: ManagedKeyDefinition,
  token: string,
  ports: RotationPorts,
): Promise<string> {
  if (candidate.verdict === 'good') return candidate.apiKeyId;
  if (candidate.verdict === 'not back') throw await givenUp(candidate, definition, token, ports);
  const error = new KeyguardError(
    'candidate-lost',
    `the rotation of ${definition.name} lost its new key: ${lossText(candidate)}`,
    await lostText(definition, ports),
  );
  // First: killed in between, nobody would know that a rotation is owed.
  await tellPeople(error, definition, ports);
  await ports.secrets.discardPending(definition.secretName, token);
  ports.log.warn('rotation.candidate-lost', { managedKey: definition.name, token, because: lossText(candidate) });
  throw error;
}

/** What comes after a lost key: the next rotation, or what that one waits for. */
async function lostText(definition: ManagedKeyDefinition, ports: RotationPorts): Promise<string> {
  const next = chooseNext(await ports.ledger.of(definition.name), definition, ports.clock.now());
  return next.claim === 'none' ? nextKeyText(next.why, definition) : 'nothing: the rotation starts again within twenty minutes';
}

/** Which key a rotation lost, and why. */
function lossText({ apiKeyId, cause }: Lost | NotBack): string {
  return apiKeyId === undefined ? causeText(cause) : `${apiKeyId}: ${causeText(cause)}`;
}

/**
 * An undo that cannot be: people are told, and everything is as it was before. Nothing is owed then, so that no rotation starts
 * in its place. Returns the error that ends the step.
 */
async function givenUp(candidate: NotBack, definition: ManagedKeyDefinition, token: string, ports: RotationPorts): Promise<KeyguardError> {
  const { name } = definition;
  const error = new KeyguardError(
    'cannot-come-back',
    `the undo of ${name} failed: ${lossText(candidate)}`,
    `nothing: the key that was current still is; to move on to another key: npx --no-install keyguard rotate ${name} --again`,
  );
  // Of a rotation that failed before this one people know already, and that one is owed.
  const known = await ports.alarm.lasting('rotation-failed', name);
  const claimedAt = (await ports.ledger.of(name)).find((record) => record.token === token)?.since;
  const isKnown = known !== undefined && owesRotation(known) && known.openedAt < (claimedAt ?? Number.POSITIVE_INFINITY);
  if (!isKnown) await tellPeople(error, definition, ports, undoInVain);
  await ports.secrets.discardPending(definition.secretName, token);
  // Killed before, retirement does it.
  if (!isKnown) await ports.alarm.clear('rotation-failed', name, 'still-current');
  // Last: killed before, retirement finds a claim that was abandoned.
  const strategy = await strategies[definition.rotation.strategy]();
  await strategy.release(definition, token, { code: 'cannot-come-back', apiKeyId: candidate.apiKeyId, why: candidate.cause }, ports);
  ports.log.warn('rotation.not-back', { managedKey: name, token, because: lossText(candidate) });
  return error;
}

function isGivenUp(error: unknown): boolean {
  return error instanceof KeyguardError && (error.code === 'candidate-lost' || error.code === 'cannot-come-back');
}

function switchedOff({ name }: ManagedKeyDefinition): KeyguardError {
  return new KeyguardError('rotation-disabled', `rotation is not enabled for ${name}`, 'deploy again, or enable rotation of the secret');
}

/** The same rotation may run twice at once: what fails in one of them is no news once the other has switched. */
async function tellUnlessOver(error: unknown, definition: ManagedKeyDefinition, token: string, ports: RotationPorts): Promise<void> {
  const isOver = async (): Promise<boolean> => {
    try {
      // The records too: what Secrets Manager says of its labels may be old.
      if ((await ports.ledger.of(definition.name)).some((record) => record.token === token && hasServed(record))) return true;
      return (await ports.secrets.describe(definition.secretName)).stages.get(token)?.includes('AWSCURRENT') === true;
    } catch {
      // The failure that is told is the first one.
      return false;
    }
  };
  if (!needsPeople(error) || (await isOver())) return;
  await tellPeople(error, definition, ports);
  // It may have switched, and called the alarm off, in between.
  if (await isOver()) await ports.alarm.clear('rotation-failed', definition.name, 'switched');
}

/** Throttling and lost races are retried, and who paused a key or stopped its schedule knows it; everything else needs a person. */
function needsPeople(error: unknown): boolean {
  if (error instanceof Unavailable || error instanceof LostRace) return false;
  return !(error instanceof KeyguardError && (error.code === 'paused' || error.code === 'rotation-disabled'));
}

async function tellPeople(
  error: unknown,
  definition: ManagedKeyDefinition,
  ports: RotationPorts,
  grade?: typeof undoInVain,
): Promise<void> {
  const cause: AlarmCause =
    error instanceof KeyguardError ? { code: 'error', what: error.message, fix: error.fix } : { code: 'unexpected-error' };
  const facts = { cause, workspaceId: definition.workspaceId, ...(grade === undefined ? {} : { grade }) };
  await ports.alarm.raise('rotation-failed', definition.name, facts);
}

function readEvent(event: unknown): RotationEvent {
  const field = (name: string): string => {
    const value: unknown = event instanceof Object ? Reflect.get(event, name) : undefined;
    if (typeof value === 'string' && value !== '') return value;
    throw new KeyguardError('not-a-rotation-event', `the event has no ${name}`, 'only Secrets Manager calls this function');
  };
  const name = field('Step');
  const step = rotationSteps.find((known) => known === name);
  if (step === undefined) {
    throw new KeyguardError('unknown-step', `unknown step ${JSON.stringify(name)}`, `one of ${rotationSteps.join(', ')}`);
  }
  return { step, secretArn: field('SecretId'), token: field('ClientRequestToken') };
}

function unknownToken(definition: ManagedKeyDefinition, token: string, problem: string): KeyguardError {
  return new KeyguardError('unknown-token', `version ${token} of ${definition.name} ${problem}`, 'nothing: this call changed nothing');
}
