import { isDeepStrictEqual } from 'node:util';
import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { ApiKeyRecord, IncidentFacts, IncidentRecord } from '../contract/records.ts';
import { apiKeyLedger } from '../lambda/adapters/aws/api-key-ledger.ts';
import { incidentStore } from '../lambda/adapters/aws/incident-store.ts';
import { rotations, secretVersions } from '../lambda/adapters/aws/secret-versions.ts';
import { minuteMs } from '../lambda/foundation/clock.ts';
import { causeText } from '../lambda/incidents/message/cause-text.ts';
import { isOld } from '../lambda/rotation/lifecycle.ts';
import type { Rotations } from '../lambda/rotation/ports.ts';
import { notServing, versionWith } from '../lambda/rotation/switch.ts';
import type { CliIo } from './command.ts';
import type { OpenInstallation } from './installation.ts';
import { progress } from './output.ts';

/** Longer than the function's own time-out of five minutes. */
const deadlineMs = 6 * minuteMs;
const beatMs = 2_000;

export interface Rotated {
  readonly outcome: 'rotated';
  readonly versionId: string;
  readonly current: ApiKeyRecord;
  /** The key that it replaced. */
  readonly previous: ApiKeyRecord | undefined;
}

export type RotationOutcome =
  | Rotated
  | ({ readonly outcome: 'failed' } & Pick<IncidentFacts, 'reason' | 'fix'>)
  /** Of an undo: the old key is as it was. */
  | { readonly outcome: 'not back'; readonly because: string }
  | { readonly outcome: 'timed out'; readonly afterMs: number };

/** How a rotation is asked for that is more than "now". */
export interface Asking {
  /** @default Secrets Manager is asked to rotate now: two such commands are two rotations, and one that is repeated is told by `justRotated` */
  readonly start?: () => ReturnType<Rotations['start']>;
  /** The API key that must not be current any more. @default the one that is current when Secrets Manager is asked */
  readonly leaving?: string;
  /** The old key that is to come back, as it was when it was wanted. */
  readonly back?: ApiKeyRecord;
}

/**
 * Asks Secrets Manager to rotate now and looks until AWSCURRENT has moved and the records say so, the function says that it
 * failed, or the time is up. Whatever this answers, Secrets Manager goes on by itself.
 */
export async function rotateAndFollow(
  definition: ManagedKeyDefinition,
  installation: OpenInstallation,
  io: CliIo,
  asking: Asking = {},
): Promise<RotationOutcome> {
  const { name } = definition;
  const leave = (): void =>
    progress(`The rotation of ${name} goes on without this command; look with: npx --no-install keyguard status ${name}`, io);
  const stay = io.onInterrupt?.(leave);
  try {
    return await follow(definition, installation, (sentence) => progress(sentence, io), asking);
  } finally {
    stay?.();
  }
}

async function follow(
  definition: ManagedKeyDefinition,
  { secrets, table, clock }: OpenInstallation,
  say: (sentence: string) => void,
  asking: Asking,
): Promise<RotationOutcome> {
  const ownRecords = async (): Promise<readonly ApiKeyRecord[]> =>
    (await apiKeyLedger(table).all()).filter((record) => record.managedKey === definition.name);

  const before = await ownRecords();
  const leaving = asking.leaving ?? before.find((record) => record.state === 'current')?.apiKeyId;
  await freeOf(before, definition, { secrets, clock });
  // An incident of an earlier failure stays open until a rotation succeeds: only a new finding is about this one.
  const incidentBefore = await incidentStore(table).find('rotation-failed', definition.name);
  const answer = await (asking.start ?? (() => rotations(secrets).start(definition.secretName)))();
  say(
    answer === 'started'
      ? 'Secrets Manager has started the rotation …'
      : 'A rotation was under way already; Secrets Manager tries it again …',
  );
  const deadline = clock.now() + deadlineMs;
  const said = new Set<string>();
  for (;;) {
    const { stages } = await secretVersions(secrets).describe(definition.secretName);
    const version = versionWith(stages, 'AWSCURRENT');
    const own = await ownRecords();
    const current = own.find((record) => record.token === version && record.state === 'current');
    if (version !== undefined && current !== undefined && current.apiKeyId !== leaving) return rotatedTo(current, version, own);
    const released = own.find((record) => record.apiKeyId === asking.back?.apiKeyId);
    if (released !== undefined && isGivenUp(released, asking.back)) return { outcome: 'not back', because: releasedText(released) };
    const pending = versionWith(stages, 'AWSPENDING');
    const claimed = own.find((record) => record.state === 'pending' && record.token === pending);
    if (claimed !== undefined && !said.has(claimed.apiKeyId)) {
      said.add(claimed.apiKeyId);
      say(`${claimed.apiKeyId} (${claimed.hint}) is claimed; it is made active and proven …`);
    }
    const incident = await incidentStore(table).find('rotation-failed', definition.name);
    if (incident !== undefined && isNews(incident, incidentBefore)) {
      const { reason, fix } = incident.facts;
      return { outcome: 'failed', ...(reason === undefined ? {} : { reason }), ...(fix === undefined ? {} : { fix }) };
    }
    if (clock.now() >= deadline) return { outcome: 'timed out', afterMs: deadlineMs };
    await clock.pause(beatMs);
  }
}

/**
 * Whoever writes the secret by hand leaves AWSPENDING on the key that was current. Secrets Manager takes its rotation for unfinished
 * then, and would repeat it for ever in place of a new one: "A previous rotation isn't complete"
 * (docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html).
 */
async function freeOf(
  own: readonly ApiKeyRecord[],
  { secretName }: ManagedKeyDefinition,
  { secrets, clock }: Pick<OpenInstallation, 'secrets' | 'clock'>,
): Promise<void> {
  const secret = await secretVersions(secrets).describe(secretName);
  const token = notServing(own, secret, clock.now())?.token;
  if (token !== undefined && secret.stages.get(token)?.includes('AWSPENDING') === true) {
    await secretVersions(secrets).discardPending(secretName, token);
  }
}

/** Whether the rotation that was to bring it back gave it up since. */
function isGivenUp({ state, revision, cause }: ApiKeyRecord, before: ApiKeyRecord | undefined): boolean {
  return before !== undefined && isOld(state) && revision > before.revision && !isDeepStrictEqual(cause, before.cause);
}

function releasedText({ cause }: ApiKeyRecord): string {
  return cause === undefined ? '' : causeText(cause);
}

/** A finding on an open incident moves nothing but its instant. */
function isNews(incident: IncidentRecord, before: IncidentRecord | undefined): boolean {
  if (incident.state === 'recovered') return false;
  return before?.incidentId !== incident.incidentId || before.lastFindingAt !== incident.lastFindingAt;
}

/** The rotation that made `current` what it is, once it is over. */
export function rotatedTo(current: ApiKeyRecord, versionId: string, own: readonly ApiKeyRecord[]): Rotated {
  const previous = own
    .filter((record) => record.state === 'draining' && record.cause?.code === 'replaced' && record.cause.by === current.apiKeyId)
    .sort((a, b) => b.since - a.since)[0];
  return { outcome: 'rotated', versionId, current, previous };
}
