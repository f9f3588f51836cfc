import type { RotationEnd } from '../../../contract/causes.ts';
import type { ContainableKind, IncidentKind, Supply } from '../../../contract/registry.ts';
import { unattributed, unmanagedSubjects } from '../../../contract/metrics.ts';
import type { IncidentFacts, IncidentRecord, IncidentState } from '../../../contract/records.ts';
import { utcMinute } from '../../foundation/clock.ts';
import { cutsOf } from '../states.ts';
import { alarmTextWithFix } from './alarm-text.ts';
import { brakeText } from './cause-text.ts';
import { dimensionNouns } from './usage-dimensions.ts';
import { amount, clause, dollarsAndCents, lasting, measureName, plain, quantity, sinceWhen, times, tokensInMinute } from './phrases.ts';

/** What the words of one kind in one state are. */
export interface Words {
  /** One line: what happened to which key. */
  readonly title: string;
  /** What happened · what was done automatically · what comes next if nobody acts. */
  readonly summary: readonly string[];
  /** In order; each one sentence. */
  readonly actions: readonly string[];
}

export type Tell = (story: Story) => Words;

/** What a kind has words for: every state that its incidents can come into. */
export type Wording<K extends IncidentKind> = Readonly<
  Record<K extends ContainableKind ? IncidentState : Exclude<IncidentState, 'containing' | 'contained'>, Tell>
>;

/** An incident in phrases that fit into sentences; every part is clean text of one line. */
export interface Story {
  /** `production`, or `usage outside managed keys`. */
  readonly name: string;
  readonly managed: boolean;
  /** The `apikey_…` id, or `its API key`. */
  readonly key: string;
  /** The same as somebody types it in a command: `APIKEY_ID` where it is not known. */
  readonly typedKey: string;
  readonly since: string;
  readonly sinceAndAgo: string;
  /** From the first sign until the message. */
  readonly lasted: string;
  /** `48,200 output tokens a minute, where at most 2,100 are usual: 23 times as much`. */
  readonly measured: string | undefined;
  /** `23 times the usual output tokens`. */
  readonly excess: string | undefined;
  /** ` with claude-haiku-4-5 in workspace wrkspc_…`, or nothing; follows a verb. */
  readonly whereUsed: string;
  readonly workspace: string;
  /** Until when an old key works at the latest; undefined where its policy waits. */
  readonly validUntil: string | undefined;
  readonly reason: string | undefined;
  /** Whether it is over because somebody expects it. */
  readonly isExpected: boolean;
  readonly isAdopted: boolean;
  /** `about $3.20 more than usual`, an estimate; undefined where that is less than a cent, or not known. */
  readonly excessCost: string | undefined;
  /** The same of an hour at the pace of the last one. */
  readonly excessCostPerHour: string | undefined;
  /** Of a retired key that is used: whether it waits in the pool. */
  readonly isStandby: boolean;
  /** How a failed rotation is over. */
  readonly end: RotationEnd | undefined;
  readonly brake: string | undefined;
  /** Whether anything was cut off in this incident. */
  readonly isCut: boolean;
  /** The same as a sentence that names what was. */
  readonly cutSoFar: string;
  /** Whether it was this very key. */
  readonly wasCut: boolean;
  /** Whether no key was current after the last cut. */
  readonly noneLeft: boolean;
  readonly grade: string | undefined;
  /** What is used for the first time: `the model claude-opus-5`. */
  readonly categories: readonly string[];
  /** Of `usage-notable`, one sentence each: whose usage, what was seen, and what is usual. */
  readonly notable: readonly { readonly whose: string; readonly what: string }[];
  /** For how long the key had been known by then. */
  readonly knownFor: string;
  /** Where the next keys of the managed key come from. */
  readonly supply: Supply;
  /** A name for the key that a person is to create now. */
  readonly newKeyName: string;
}

/** The reason, with what is to be done about it where that is known. @sentence */
export function reasonOf({ cause }: IncidentFacts): string | undefined {
  return cause === undefined ? undefined : alarmTextWithFix(cause);
}

/** Retells an incident at `at` (epoch ms, UTC). */
export function storyOf(incident: IncidentRecord, at: number, supply: Supply): Story {
  const { facts } = incident;
  const managed = !unmanagedSubjects.includes(incident.subject);
  const since = facts.startedAt ?? incident.since;
  const name = plain(incident.subject, 80);
  const model = facts.model === undefined ? '' : ` with ${plain(facts.model, 80)}`;
  const workspace = facts.workspaceId === undefined ? '' : ` in workspace ${plain(facts.workspaceId, 80)}`;
  const key = incident.target ?? facts.apiKeyId;
  return {
    name: managed ? name : 'usage outside managed keys',
    managed,
    key: key === undefined ? 'its API key' : plain(key, 80),
    typedKey: key === undefined ? 'APIKEY_ID' : plain(key, 80),
    since: utcMinute(since),
    sinceAndAgo: sinceWhen(since, at),
    lasted: lasting(at - since),
    ...deviation(incident),
    whereUsed: `${model}${workspace}`,
    workspace: facts.workspaceId === undefined ? 'the workspace of this managed key' : `workspace ${plain(facts.workspaceId, 80)}`,
    validUntil: facts.validUntil === undefined ? undefined : utcMinute(facts.validUntil),
    reason: clause(reasonOf(facts) ?? '') || undefined,
    end: facts.cause?.code === 'rotation-over' ? facts.cause.end : undefined,
    isExpected: facts.cause?.code === 'usage-expected',
    isAdopted: facts.cause?.code === 'usage-adopted',
    excessCost: moreThanUsual(facts.excessCostUsd),
    excessCostPerHour: moreThanUsual(facts.excessCostUsdPerHour),
    isStandby: facts.cause?.code === 'standby-key',
    brake: incident.brake === undefined ? undefined : clause(brakeText(incident.brake)) || undefined,
    ...cutIn(incident, key),
    grade: facts.grade,
    categories: (facts.categories ?? []).map(({ dimension, value }) => `the ${dimensionNouns[dimension]} ${plain(value, 80)}`),
    notable: (facts.notable ?? []).map(notableText),
    knownFor: lasting(since - (facts.knownSince ?? since)),
    supply,
    newKeyName: `${name}-${new Date(at).toISOString().slice(0, 10)}`,
  };
}

type NotableFact = NonNullable<IncidentRecord['facts']['notable']>[number];

function notableText({ subject, metric, observed, expected, windowMs, startedAt }: NotableFact): Story['notable'][number] {
  const whose = subject === unattributed ? 'usage of no managed key' : plain(subject, 80);
  const what = `${quantity(metric, observed, windowMs)}, where at most ${amount(metric, expected)} is usual, since ${utcMinute(startedAt)}`;
  return { whose, what };
}

function moreThanUsual(usd: number | undefined): string | undefined {
  return usd === undefined || usd < 0.01 ? undefined : `about ${dollarsAndCents(usd)} more than usual`;
}

function cutIn(incident: IncidentRecord, key: string | undefined): Pick<Story, 'isCut' | 'cutSoFar' | 'wasCut' | 'noneLeft'> {
  const cuts = cutsOf(incident);
  const ids = cuts.map(({ apiKeyId }) => apiKeyId);
  if (ids.length === 0) return { isCut: false, cutSoFar: 'Nothing was cut off.', wasCut: false, noneLeft: false };
  const named = plain(ids.join(', '));
  const cutSoFar = ids.length === 1 ? `${named} was cut off` : `${ids.length} API keys were cut off (${named})`;
  // After a cut a key may be in use again, until it is cut off again.
  const inactive = incident.target === undefined ? '' : ids.length === 1 ? ' and stays inactive' : ' and stay inactive';
  return {
    isCut: true,
    cutSoFar: `${cutSoFar}${inactive}.`,
    wasCut: key !== undefined && ids.includes(key),
    noneLeft: cuts.at(-1)?.noneLeft === true,
  };
}

/** Value, usual value, ratio and period, always together: "15 % crossed" alone was read as "15 % left". */
function deviation(incident: IncidentRecord): Pick<Story, 'measured' | 'excess'> {
  const { metric, observed, expected, windowMs } = incident.facts;
  if (observed === undefined) return { measured: undefined, excess: undefined };
  if (metric === undefined) return { measured: tokensInMinute(observed), excess: undefined };
  const seen = quantity(metric, observed, windowMs);
  if (expected === undefined) return { measured: seen, excess: undefined };
  const ratio = times(observed, expected);
  if (ratio === undefined) return { measured: `${seen}, where nothing is usual`, excess: `${measureName(metric)} where nothing is usual` };
  return {
    measured: `${seen}, where ${comparison(incident, amount(metric, expected))}: ${ratio} as much`,
    excess: `${ratio} the usual ${measureName(metric)}`,
  };
}

/** What `most` is, against which the usage was held. */
function comparison({ since, facts: { comparedWith, knownSince, startedAt = since } }: IncidentRecord, most: string): string {
  if (comparedWith === undefined) return `at most ${most} is usual`;
  switch (comparedWith) {
    case 'season':
      return `at most ${most} is usual at this time of day`;
    case 'level':
      return `${most} was the most in the last four weeks`;
    case 'cold':
      return `${most} was the most in the ${lasting(startedAt - (knownSince ?? startedAt))} since its first use`;
    case 'wake':
      return `${most} was the most ever, and a longer silence than any lies before it`;
  }
}

export const consolePath = 'Claude Console > Settings > API keys';

/** Anthropic's API cannot create a standby key, so a person must: the exact way, with the names to type. Nothing where a strategy makes its keys. */
export function createKey(story: Story, when: string): readonly string[] {
  if (story.supply === 'itself') return [];
  return [
    `${when} ${consolePath} > Create key, choose ${story.workspace}, name it ${story.newKeyName}, and give it no expiry or a late one.`,
    `Copy the value, which is shown only once, and paste it into the hidden prompt of \`npx --no-install keyguard standby add ${story.name}\`.`,
  ];
}
