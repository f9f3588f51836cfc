import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyRecord, OperatorRequest } from '../../../contract/records.ts';
import type { FailedRotation } from '../ports.ts';
import { rotationToken, requestCause } from '../rotation-token.ts';
import { displacedKey } from '../staging-labels.ts';
import type { CommandPorts } from './ports.ts';
import { enableSchedule } from './schedule.ts';

/** How a rotation is asked for that is more than "now". */
export interface Ask {
  /**
   * The operator's request that the rotation carries out: it is started once however often that is asked for. Or its very token.
   * @default none: two such commands are two rotations, and one that is repeated is told by `justRotated`
   */
  readonly as?: { readonly apiKeyId: string; readonly request: OperatorRequest } | { readonly token: string };
  /** The API key that must not be current any more. @default the one that is current when Secrets Manager is asked */
  readonly leaving?: string;
  /** The old key that is to come back, as it was when that was asked for. */
  readonly back?: ApiKeyRecord;
}

/** A rotation that was asked for; `followRotation` tells by the rest what is new since. */
export interface StartedRotation extends Pick<Ask, 'leaving' | 'back'> {
  readonly answer: 'started' | 'running';
  readonly failedBefore: FailedRotation | undefined;
}

type StartPorts = Pick<CommandPorts, 'ledger' | 'secrets' | 'alarm' | 'rotations' | 'schedule' | 'keptVersions' | 'clock'>;

/** Asks Secrets Manager to rotate now. Whatever becomes of who asked, Secrets Manager goes on by itself. */
export async function startRotation(definition: ManagedKeyDefinition, ask: Ask, ports: StartPorts): Promise<StartedRotation> {
  const own = await ports.ledger.of(definition.name);
  const leaving = ask.leaving ?? own.find((record) => record.state === 'current')?.apiKeyId;
  await freePending(own, definition, ports);
  // An incident of an earlier failure stays open until a rotation succeeds: only a new finding is about this one.
  const failedBefore = await ports.alarm.lasting('rotation-failed', definition.name);
  const answer = await started(ask.as, definition, ports);
  return { answer, failedBefore, ...(leaving === undefined ? {} : { leaving }), ...(ask.back === undefined ? {} : { back: ask.back }) };
}

async function started(as: Ask['as'], definition: ManagedKeyDefinition, ports: StartPorts): Promise<'started' | 'running'> {
  const { secretName } = definition;
  const { rotations, secrets, keptVersions } = ports;
  if (as === undefined) return rotations.start(secretName);
  if ('token' in as) return rotations.start(secretName, as.token);
  const name = rotationToken(requestCause(as.apiKeyId, as.request));
  const isKept = (await keptVersions(secretName)).has(name);
  const { stages, rotationEnabled } = await secrets.describe(secretName);
  // A version that lost its labels can never become current: where that rotation failed, it is another one.
  const token = isKept && !stages.has(name) ? undefined : name;
  if (rotationEnabled) return rotations.start(secretName, token);
  return (await enableSchedule(definition, 'now on', ports, token)) === 'on' ? 'started' : 'running';
}

/**
 * Whoever writes the secret by hand leaves AWSPENDING on the key that was current. Secrets Manager takes its rotation for unfinished
 * then, and would repeat it for ever in place of a new one: "A previous rotation isn't complete"
 * (docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html).
 */
async function freePending(
  own: readonly ApiKeyRecord[],
  { secretName }: ManagedKeyDefinition,
  { secrets, clock }: Pick<CommandPorts, 'secrets' | 'clock'>,
): Promise<void> {
  const secret = await secrets.describe(secretName);
  const token = displacedKey(own, secret, clock.now())?.token;
  if (token !== undefined && secret.stages.get(token)?.includes('AWSPENDING') === true) {
    await secrets.discardPending(secretName, token);
  }
}
