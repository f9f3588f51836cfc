import type { ApiKeyState } from '../contract/api-key-states.ts';
import type { ApiKeyRecord, ExpectedUsageRecord, IncidentRecord, OperatorRequest } from '../contract/records.ts';
import { hasPool, supplyOf, type StrategyKind, type Supply } from '../contract/registry.ts';
import { hourMs } from '../lambda/foundation/clock.ts';
import { alarmText, fixOf } from '../lambda/incidents/message/alarm-text.ts';
import { brakeText, causeText, nextKeyText, noKeyTexts } from '../lambda/incidents/message/cause-text.ts';
import { supplyWords } from '../lambda/incidents/message/supply-text.ts';
import { chooseLater } from '../lambda/rotation/claim.ts';
import { conditionsOf, cutOffLast, recordedDeadKey, type Snapshot } from '../lambda/rotation/conditions.ts';
import { claimEnds, stuckAfterMs } from '../lambda/rotation/commands/unstick.ts';
import { isListCaughtUp } from '../lambda/rotation/dead-key.ts';
import { poolOf, shortKeys } from '../lambda/rotation/pool-cover.ts';
import { planKey } from '../lambda/rotation/plan.ts';
import { emergencyOf, isUnfinishedIntake, shouldBeActive } from '../lambda/rotation/lifecycle.ts';
import { knownWithoutAnthropic, undoInVain, type Condition, type WatchedKind } from '../lambda/rotation/ports.ts';
import { deletionText, pausedText, restoring } from '../lambda/rotation/commands/obstacle.ts';
import { claimedKey } from '../lambda/rotation/commands/snapshot.ts';
import { openVersion } from '../lambda/rotation/staging-labels.ts';
import { instant } from './output.ts';
import { shortText } from './pool-cover.ts';

/** What is looked at, and what it says where all is well. */
export const keyChecks = {
  'current key': 'consumers have a key',
  schedule: 'rotation is on',
  rotation: 'no rotation hangs',
  'half-done work': 'nothing is half done',
  wishes: 'no request of an operator waits',
  Anthropic: 'Anthropic shows every key as the records say',
  age: 'no rotation is overdue',
  expiry: 'no current key is about to expire',
  pool: 'no standby key is asked for',
  'next key': 'a rotation can make one',
  'rejected keys': 'no key was rejected',
  'old keys': 'no old key is used past its time',
  replicas: 'no replica is behind',
  incidents: 'no incident is open',
} as const;
export type KeyCheck = keyof typeof keyChecks;

/** Where it is said that a rotation could take no key. */
const nextKeyChecks: Readonly<Record<Supply, KeyCheck>> = { 'standby keys': 'pool', itself: 'next key' };

/** What is looked at of a managed key with this strategy. */
export function keyChecksOf(strategy: StrategyKind): readonly KeyCheck[] {
  const own = nextKeyChecks[supplyOf(strategy)];
  const ofAnySupply: readonly KeyCheck[] = Object.values(nextKeyChecks);
  return (Object.keys(keyChecks) as readonly KeyCheck[]).filter((check) => check === own || !ofAnySupply.includes(check));
}

/** Something that is not as it should be, and the next step. */
export interface Finding {
  readonly check: KeyCheck;
  /** `broken`: consumers have no working key, or rotation does not work. `attention`: a person should do something soon. */
  readonly state: 'broken' | 'attention';
  readonly what: string;
  readonly fix: string;
}

/** What the engine sees of a managed key, and what else was read of it. Instants are epoch ms, UTC. */
export interface StatusSnapshot extends Snapshot {
  /** Of the whole installation; those that have not ended. */
  readonly incidents: readonly IncidentRecord[];
  /** Of all subjects. */
  readonly expected: readonly ExpectedUsageRecord[];
  /** Whether Anthropic was asked; where it was not, `infos` is empty. */
  readonly isListed: boolean;
  /** Since when a rotation is under way. */
  readonly openSince: number | undefined;
  /** When its standby secret is deleted for good, where that is scheduled; `gone`: it was. */
  readonly standbyDeletion: number | 'gone' | null;
}

/** A window of an hour may be late without anything being wrong. */
const lateMs = hourMs;
/** States of a key that has served. */
const served: readonly ApiKeyState[] = ['current', 'draining', 'inactive', 'archived', 'contained'];

/** Everything about a managed key that is not as it should be. Pure: the same reading gives the same answer. */
export function keyFindings(snapshot: StatusSnapshot): readonly Finding[] {
  const conditions = conditionsIn(snapshot);
  return [
    ...deletions(snapshot),
    ...currentKey(snapshot),
    ...schedule(snapshot),
    ...rotation(snapshot),
    ...halfDone(snapshot),
    ...requests(snapshot),
    ...conditions.filter(({ facts }) => !isSaidAbove(facts)).map((condition) => conditionFinding(condition, snapshot)),
    ...notCompared(snapshot),
    ...(conditions.some(({ kind }) => kind === 'pool-low') ? [] : noReplacement(snapshot)),
    ...shortLived(snapshot),
    ...rejected(snapshot),
    ...incidents(snapshot, [...conditions.map(({ kind }) => kind), ...(consumersFail(snapshot) ? ['current-key-dead'] : [])]),
  ];
}

/** A fix that ends with a rotation: a paused managed key does not rotate, except in an emergency. */
function rotating({ pause, definition: { name } }: Pick<StatusSnapshot, 'pause' | 'definition'>, before = ''): string {
  const resume = pause === undefined ? '' : `npx --no-install keyguard resume ${name}, then `;
  return `${resume}${before}npx --no-install keyguard rotate ${name}`;
}

/** Of both secrets: until they are restored nobody reads them, and afterwards nothing brings them back. */
function deletions({ definition, secret, standbyDeletion }: StatusSnapshot): readonly Finding[] {
  const { name, secretName, standbySecretName } = definition;
  const found: Finding[] = [];
  if (secret.deletionAt !== null) {
    const what = `consumers cannot read their key: ${deletionText(secretName, secret.deletionAt)}`;
    found.push({ check: 'current key', state: 'broken', what, fix: restoring(secretName) });
  }
  if (standbyDeletion === 'gone') {
    const what = `its standby secret ${standbySecretName} was deleted for good, and no rotation finds a key`;
    const fix = `take ${name} out of keyguard.json, deploy, put it back, deploy again, and add new standby keys`;
    found.push({ check: 'pool', state: 'broken', what, fix });
  } else if (standbyDeletion !== null) {
    const what = `no rotation can read a standby key: ${deletionText(standbySecretName, standbyDeletion)}`;
    found.push({ check: 'pool', state: 'broken', what, fix: restoring(standbySecretName) });
  }
  return found;
}

/** That the last key was cut off, and that the secret is going to be deleted. */
function isSaidAbove({ grade }: Condition['facts']): boolean {
  return grade === 'cut-off' || grade === 'secret-deleted';
}

function consumersFail(snapshot: StatusSnapshot): boolean {
  return cutOffLast(snapshot) !== undefined || snapshot.secret.deletionAt !== null;
}

/** One line of an incident: what, since when. */
export function incidentText({ kind, state, openedAt, brake }: IncidentRecord): string {
  return `incident ${kind} is ${state} since ${instant(openedAt)}${brake === undefined ? '' : `, held back: ${brakeText(brake)}`}`;
}

function currentKey(snapshot: StatusSnapshot): readonly Finding[] {
  const { own, secret, definition } = snapshot;
  if (own.some((record) => record.state === 'current')) return [];
  const check = 'current key';
  const hasKey = !hasPool(definition.rotation.strategy) || own.some((record) => record.state === 'standby');
  const add = hasKey ? '' : `npx --no-install keyguard standby add ${definition.name}, then `;
  const fix = rotating(snapshot, add);
  if (!own.some((record) => served.includes(record.state))) return [{ check, state: 'attention', what: 'it has no key yet', fix }];
  const cut = cutOffLast({ own, secret });
  const what = cut === undefined ? 'no key is current' : `${cut.apiKeyId} was cut off and no key took its place`;
  return [{ check, state: 'broken', what, fix }];
}

function schedule({ secret, pause, definition: { name }, now, ...rest }: StatusSnapshot): readonly Finding[] {
  const check = 'schedule';
  const resume = `npx --no-install keyguard resume ${name}`;
  if (pause !== undefined) {
    const half = secret.rotationEnabled ? '; its schedule is on all the same, because the pause, or its end, was broken off' : '';
    return [{ check, state: 'attention', what: `${pausedText(name, pause)}${half}`, fix: resume }];
  }
  if (!secret.rotationEnabled) return [{ check, state: 'broken', what: 'its rotation schedule is off, and nobody paused it', fix: resume }];
  const { nextRotationAt } = secret;
  if (nextRotationAt === null) return [{ check, state: 'broken', what: 'it has no rotation schedule', fix: 'npx cdk deploy sets it' }];
  if (nextRotationAt >= now - lateMs || openVersion({ secret, ...rest }) !== undefined) return [];
  return [
    {
      check,
      state: 'broken',
      what: `the rotation of ${instant(nextRotationAt)} has not happened`,
      fix: `npx --no-install keyguard rotate ${name}`,
    },
  ];
}

function rotation(snapshot: StatusSnapshot): readonly Finding[] {
  const { definition, openSince, now } = snapshot;
  if (openVersion(snapshot) === undefined || (openSince !== undefined && now - openSince <= stuckAfterMs)) return [];
  const claimed = claimedKey(snapshot);
  const since = openSince === undefined ? '' : ` since ${instant(openSince)}`;
  const what = `a rotation is under way${since} and does not end${claimed === undefined ? '' : `; it has claimed ${claimed.apiKeyId}`}`;
  return [{ check: 'rotation', state: 'broken', what, fix: `npx --no-install keyguard unstick ${definition.name}` }];
}

function halfDone(snapshot: StatusSnapshot): readonly Finding[] {
  const fix = `npx --no-install keyguard unstick ${snapshot.definition.name}`;
  return snapshot.own.flatMap((record): readonly Finding[] => {
    const { apiKeyId, intent } = record;
    if (intent !== undefined && snapshot.now - intent.at > stuckAfterMs) {
      const what = `${apiKeyId} is about to become ${intent.to} since ${instant(intent.at)} (${causeText(intent.cause)}), and is not`;
      return [{ check: 'half-done work', state: 'broken', what, fix }];
    }
    const { because, step } = planKey(record, snapshot);
    const end = claimEnds[because];
    if (end === undefined) return [];
    const what = `${apiKeyId} is claimed since ${instant(record.since)} by a rotation that is over`;
    const then = end === 'return' ? 'it is returned' : 'it gets its grace, because AWSCURRENT was about to move to it,';
    if (step.do === 'wait' && step.until !== undefined) {
      return [{ check: 'half-done work', state: 'attention', what, fix: `nothing: ${then} at ${instant(step.until)}` }];
    }
    const state = snapshot.now - record.since > stuckAfterMs ? 'broken' : 'attention';
    return [{ check: 'half-done work', state, what, fix: `nothing: ${then} within five minutes; or ${fix}` }];
  });
}

/** An emergency that is going to be carried out: not while an undo is at work on its key. */
export function standingEmergency(record: ApiKeyRecord, now: number): OperatorRequest | undefined {
  return record.state === 'pending' ? undefined : emergencyOf(record, now);
}

function requests({ own, definition: { name }, now }: StatusSnapshot): readonly Finding[] {
  const requested = own.map((record) => ({ ...record, revokeRequest: standingEmergency(record, now) }));
  return requested.flatMap(({ apiKeyId, state, undoRequest, revokeRequest, switchedAt }): readonly Finding[] => [
    ...(undoRequest === undefined
      ? []
      : [
          {
            check: 'wishes',
            state: 'attention',
            what: `an undo of ${apiKeyId} is requested since ${instant(undoRequest.at)} by ${undoRequest.by} (${undoRequest.because})`,
            fix: `nothing: it comes back within minutes, if it can; npx --no-install keyguard unstick ${name} withdraws the request`,
          } as const,
        ]),
    ...(revokeRequest === undefined
      ? []
      : [
          {
            check: 'wishes',
            state: state === 'draining' && now - Math.max(revokeRequest.at, switchedAt ?? 0) > stuckAfterMs ? 'broken' : 'attention',
            what: `${apiKeyId} is to be cut off without grace since ${instant(revokeRequest.at)} by ${revokeRequest.by} (${revokeRequest.because}), and is ${state}`,
            fix: `npx --no-install keyguard rotate ${name} --emergency --api-key-id ${apiKeyId} goes on with it`,
          } as const,
        ]),
  ]);
}

/** What the engine itself would tell people of; where Anthropic was not asked, without what only Anthropic knows. */
function conditionsIn(snapshot: StatusSnapshot): readonly Condition[] {
  if (snapshot.isListed) return conditionsOf(snapshot);
  const revocation = recordedDeadKey(snapshot);
  return [...(revocation === undefined ? [] : [revocation]), ...conditionsOf(snapshot, knownWithoutAnthropic)];
}

/** Keys that Anthropic does not show as their records say, and whose records are too young to say that somebody changed something. */
function notCompared({ infos, isListed, own, definition: { name }, now }: StatusSnapshot): readonly Finding[] {
  if (!isListed) return [];
  return own.flatMap((record): readonly Finding[] => {
    const { apiKeyId, state, since, intent } = record;
    const status = infos.get(apiKeyId)?.status ?? 'gone';
    if (intent !== undefined || state === 'pending' || isListCaughtUp(record, now) || isAsRecorded(state, status)) return [];
    const what = `not compared yet: ${apiKeyId} is ${state} since ${instant(since)}, and Anthropic shows it as ${status}, which may be an old answer`;
    const fix =
      state === 'current'
        ? `npx --no-install keyguard doctor ${name} in five minutes; where consumers fail now: npx --no-install keyguard rotate ${name}`
        : `npx --no-install keyguard doctor ${name} in five minutes`;
    return [{ check: 'Anthropic', state: 'attention', what, fix }];
  });
}

function isAsRecorded(state: ApiKeyState, status: string): boolean {
  if (status === 'unknown') return true;
  if (shouldBeActive(state)) return status === 'active';
  return state === 'archived' ? status === 'archived' || status === 'gone' : status !== 'active';
}

const ofCondition: Readonly<Record<WatchedKind, Pick<Finding, 'check' | 'state'>>> = {
  'current-key-dead': { check: 'Anthropic', state: 'broken' },
  'key-changed': { check: 'Anthropic', state: 'broken' },
  'rotation-overdue': { check: 'age', state: 'broken' },
  'key-expiring': { check: 'expiry', state: 'attention' },
  'pool-low': { check: 'pool', state: 'attention' },
  straggler: { check: 'old keys', state: 'attention' },
  'replica-behind': { check: 'replicas', state: 'attention' },
};

function conditionFinding({ kind, managedKey: name, facts }: Condition, snapshot: StatusSnapshot): Finding {
  const rotate = rotating(snapshot);
  const key = facts.apiKeyId ?? '';
  const why = alarmText(facts.cause);
  const words: Readonly<Record<WatchedKind, readonly [what: string, fix: string]>> = {
    'current-key-dead': [
      `the current key ${key} does not work: ${why}`,
      facts.grade === 'replacing'
        ? `nothing: ${supplyWords[supplyOf(snapshot.definition.rotation.strategy)].nextKey} takes its place by itself within minutes; if it does not, npx --no-install keyguard rotate ${name}`
        : rotate,
    ],
    'key-changed': [why, 'npx --no-install keyguard runbook key-changed'],
    'rotation-overdue': [why, rotate],
    'key-expiring': [`the current key ${key}: ${why}`, rotate],
    'pool-low': [why, `make a key in the Claude Console, then: npx --no-install keyguard standby add ${name}`],
    straggler: [`${key}: ${why}`, 'npx --no-install keyguard runbook straggler'],
    'replica-behind': [`a replica is behind: ${why}`, 'npx --no-install keyguard runbook replica-behind'],
  };
  const [what, fix] = words[kind];
  return { ...ofCondition[kind], what, fix };
}

/** Long before the next rotation an empty pool matters too: nothing could take the place of a stolen key. */
function noReplacement({ own, definition, now }: StatusSnapshot): readonly Finding[] {
  const choice = chooseLater(own, definition, now);
  if (choice.claim !== 'none' || !own.some((record) => record.state === 'current')) return [];
  const what = `${noKeyTexts[choice.why]}: nothing could take the place of the current key if it were stolen`;
  const fix = nextKeyText(choice.why, definition);
  return [{ check: nextKeyChecks[supplyOf(definition.rotation.strategy)], state: 'attention', what, fix }];
}

/** The failure of its rotation that people were told of, while it lasts. */
export function failedRotation({ definition, incidents: all }: StatusSnapshot): IncidentRecord | undefined {
  return all.find(({ kind, subject, state }) => kind === 'rotation-failed' && subject === definition.name && state === 'open');
}

/** Standby keys that are counted on, and that no rotation of the schedule will take. */
function shortLived(snapshot: StatusSnapshot): readonly Finding[] {
  const pool = poolOf(snapshot, failedRotation(snapshot));
  const fix = `make one that lives longer, or never expires, then: npx --no-install keyguard standby add ${snapshot.definition.name}`;
  return shortKeys(pool).map((key): Finding => {
    const what = `standby key ${key.record.apiKeyId} ${shortText(key, pool)}`;
    return { check: 'pool', state: 'attention', what, fix };
  });
}

/** Nothing becomes of a rejected key by itself, and whoever added it counts on it. */
function rejected({ own, definition: { name } }: StatusSnapshot): readonly Finding[] {
  return own
    .filter(({ state, intent }) => state === 'rejected' && intent?.to !== 'archived')
    .map((record): Finding => {
      const { apiKeyId, cause } = record;
      const what = `${apiKeyId} was rejected: ${cause === undefined ? 'no reason is recorded' : causeText(cause)}`;
      // The reason of a broken-off intake says how it goes on.
      const fix = `${isUnfinishedIntake(record) ? 'or ' : ''}put it away with npx --no-install keyguard standby remove ${name} ${apiKeyId}`;
      return { check: 'rejected keys', state: 'attention', what, fix };
    });
}

/** What is not told by a condition that was found above. */
function incidents({ incidents: all, definition: { name } }: StatusSnapshot, told: readonly string[]): readonly Finding[] {
  return all
    .filter(({ subject, state, kind }) => subject === name && state !== 'recovered' && !told.includes(kind))
    .map((incident): Finding => {
      const fix = `npx --no-install keyguard runbook ${incident.kind}`;
      if (incident.kind !== 'rotation-failed') {
        const state = incident.kind === 'current-key-dead' ? 'broken' : 'attention';
        return { check: 'incidents', state, what: incidentText(incident), fix };
      }
      const { cause } = incident.facts;
      const why = cause === undefined ? undefined : alarmText(cause);
      const next = (cause === undefined ? undefined : fixOf(cause)) ?? fix;
      if (incident.facts.grade === undoInVain) return { check: 'incidents', state: 'attention', what: why ?? 'an undo failed', fix: next };
      const what = `rotation has failed since ${instant(incident.openedAt)}${why === undefined ? '' : `: ${why}`}`;
      return { check: 'incidents', state: 'broken', what, fix: next };
    });
}
