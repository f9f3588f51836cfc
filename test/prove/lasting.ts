import type { Fault } from '../../local/anthropic/intercept.ts';
import { cutPage } from '../../local/anthropic/usage-faults.ts';
import type { IncidentKind } from '../../contract/registry.ts';
import { dayMs, hourMs, iso, minuteMs } from '../../lambda/foundation/clock.ts';
import { othersWork } from '../support/others.ts';
import { aProofWorld, managedKey, type ProofWorld, type MadeKey } from './world.ts';
import { stateOf } from './operation.ts';
import { withQuickTimers } from './quick-timers.ts';
import { alerts, ledgerRows } from './observations.ts';
import type { Violation } from './violation.ts';
import { wrongAnswer, type WrongAnswer } from './wrong-answers.ts';

/** Something that is wrong for hours with what Anthropic's side answers. */
export interface LastingCondition {
  readonly name: string;
  /** Returns what ends it. */
  readonly begin: (world: ProofWorld) => () => void;
  /** What people are told of it, once, with words that name the cause; and once that it is over. Of nothing else they are told. */
  readonly told: Readonly<Partial<Record<IncidentKind, RegExp>>>;
}

const foreign = /not Anthropic's own/;

export const lastingConditions: readonly LastingCondition[] = [
  { name: 'proxy page', begin: everywhere('proxy-page'), told: { 'rotation-failed': foreign, 'usage-blind': foreign } },
  { name: 'block page', begin: everywhere('block-page'), told: { 'rotation-failed': foreign, 'usage-blind': foreign } },
  { name: 'sign-in page', begin: everywhere('sign-in'), told: { 'rotation-failed': foreign, 'usage-blind': foreign } },
  {
    name: 'another organization',
    begin: everywhere('other-organization'),
    told: { 'rotation-failed': /leads to organization 9999/, 'usage-blind': /leads to organization 9999/ },
  },
  { name: 'cut lists', begin: everywhere('cut-list'), told: { 'usage-blind': /there is more, and does not say where/ } },
  { name: 'empty lists', begin: everywhere('empty-list'), told: { 'usage-blind': /no tokens of anybody|bucket/ } },
  {
    name: 'block page for values only',
    begin: onValues((phase) => (phase === 'before' ? wrongAnswer('block-page', { method: 'GET', route: '/v1/models' }, phase) : undefined)),
    told: { 'rotation-failed': foreign },
  },
  {
    name: 'every value refused',
    begin: onValues((phase) => (phase === 'before' ? refused : undefined)),
    told: { 'rotation-failed': /is not accepted either \(401\)/ },
  },
  {
    name: 'standing report',
    begin({ local }) {
      local.anthropic.intercept.usage.standStill(local.clock.now());
      return () => local.anthropic.intercept.usage.standStill(undefined);
    },
    told: { 'usage-blind': /no tokens of anybody since/ },
  },
  {
    name: 'cut report',
    begin({ local }) {
      local.anthropic.intercept.usage.misreport(cutPage);
      return () => local.anthropic.intercept.usage.misreport(undefined);
    },
    told: { 'usage-blind': /there is more, and does not say where/ },
  },
];

const refused: Fault = {
  kind: 'stranger',
  answer: {
    status: 401,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } }),
  },
};

/** Each call at Anthropic is answered so. */
function everywhere(wrong: WrongAnswer): LastingCondition['begin'] {
  return ({ local }) => local.anthropic.intercept.onCall(({ phase, ...call }) => wrongAnswer(wrong, call, phase));
}

/** Only where a value itself asks. */
function onValues(fault: (phase: 'before' | 'after') => Fault | undefined): LastingCondition['begin'] {
  return ({ local }) => local.anthropic.intercept.onCall(({ phase, route }) => (route === '/v1/models' ? fault(phase) : undefined));
}

/** Grace and silence so short that each of them is over while a condition lasts. */
const rotation = { minimumGraceMs: 3 * hourMs, quietMs: hourMs, undoMs: 26 * hourMs };

/** A managed key with a key of each kind, and something due for each. */
interface LastingWorld {
  readonly world: ProofWorld;
  /** Retired: its undo period is over while the condition lasts. */
  readonly retired: MadeKey;
  /** In its grace, and used each minute until the condition is over. */
  readonly old: MadeKey;
  /** Current; a rotation is asked for as the condition begins. */
  readonly current: MadeKey;
  readonly spares: readonly MadeKey[];
  /** Time passes, with all who are at work. */
  readonly passes: (ms: number, beatMs: number, users: readonly MadeKey[]) => Promise<void>;
}

async function aLastingWorld(seed: number): Promise<LastingWorld> {
  const world = await aProofWorld({ seed, world: { managedKeys: [{ name: managedKey, rotation }] } });
  const { local } = world;
  for (const schedule of ['anomaly-detector', 'usage-collector']) local.aws.schedules.enable(schedule);
  const passes: LastingWorld['passes'] = (ms, beatMs, users) =>
    local.passes(ms, {
      beatMs,
      eachMinute(at) {
        for (const key of users) world.uses(key);
        if (at % (10 * minuteMs) === 0) othersWork(local, at);
      },
    });
  const retired = await world.adds();
  await world.rotates();
  const old = await world.adds();
  await world.rotates();
  await passes(26 * hourMs, hourMs, [old]);
  const current = await world.adds();
  await world.rotates();
  await passes(4 * hourMs, hourMs, [old, current]);
  return { world, retired, old, current, spares: [await world.adds(), await world.adds()], passes };
}

export interface LastingResult {
  readonly condition: string;
  readonly hours: number;
  /** What people were told since it began, in order: `usage-blind open`. */
  readonly told: readonly string[];
  readonly violations: readonly Violation[];
}

export async function runLasting(
  condition: LastingCondition,
  { seed, hours }: { readonly seed: number; readonly hours: number },
): Promise<LastingResult> {
  return withQuickTimers(async () => {
    const lasting = await aLastingWorld(seed);
    const { world, passes, retired, old, current, spares } = lasting;
    const { local } = world;
    try {
      const violations: Violation[] = [];
      const unexpected = (what: string, apiKeyId?: string): void =>
        void violations.push({ invariant: 'expected', what, at: local.clock.now(), ...(apiKeyId === undefined ? {} : { apiKeyId }) });
      const toldBefore = alerts(local).length;
      const before = new Map(ledgerRows(local).map((row) => [row.apiKeyId, row.state]));

      const end = condition.begin(world);
      await world.asksToRotate();
      await passes(hourMs, 5 * minuteMs, [old, current]);
      await passes((hours - 1) * hourMs, 30 * minuteMs, [old, current]);
      for (const loss of lossesSince(before, world)) unexpected(`while it lasted ${loss}`);
      for (const { id } of [old, current]) {
        const { status } = local.anthropic.inspect.key(id);
        if (status !== 'active') unexpected(`while it lasted it became ${status}, although it is in use`, id);
      }
      const spared = spares.filter(({ id }) => local.anthropic.inspect.key(id).status === 'archived');
      for (const { id } of spared) unexpected('while it lasted it was archived', id);

      end();
      // The programs that held the old key have been restarted.
      await passes(8 * hourMs, 30 * minuteMs, [current]);
      const [next, spare] = spares;
      const goesOn = { retired: 'archived', old: 'inactive', current: 'draining', next: 'current', spare: 'standby' };
      const all = { retired, old, current, next, spare };
      for (const [name, key] of Object.entries(all)) {
        const is = key === undefined ? 'missing' : (stateOf(world, key) ?? 'unknown to the ledger');
        const should = Reflect.get(goesOn, name) as string;
        if (is !== should) unexpected(`eight hours after it the ${name} key is ${is} and should be ${should}`, key?.id);
      }
      const told = alerts(local).slice(toldBefore);
      judgeTold(condition, told, unexpected);
      world.observer.atQuiescence();
      return {
        condition: condition.name,
        hours,
        told: told.map(({ kind, state }) => `${kind} ${state}`),
        violations: [...violations, ...world.observer.violations()],
      };
    } finally {
      await world.leaves();
    }
  });
}

/** An old key that is used for hours more than its grace, and a pool that two keys were put into: people hear of them in any case. */
const trueAnyway: readonly string[] = ['straggler', 'pool-low'];

/** Keys that were rejected, retired, cut off or archived since their states were these. */
export function lossesSince(before: ReadonlyMap<string, string>, { local }: ProofWorld): readonly string[] {
  return ledgerRows(local)
    .filter(({ apiKeyId, state }) => state !== before.get(apiKeyId) && lost.includes(state))
    .map(({ apiKeyId, state }) => `the ledger moved it from ${before.get(apiKeyId) ?? 'nothing'} to ${state}: ${apiKeyId}`);
}

const lost: readonly string[] = ['rejected', 'inactive', 'contained', 'archived'];

/** Once what it is, once that it is over, and nothing else but a reminder a day. */
function judgeTold({ told }: LastingCondition, heard: ReturnType<typeof alerts>, unexpected: (what: string) => void): void {
  const kinds = new Set<string>([...heard.map(({ kind }) => kind), ...Object.keys(told)]);
  for (const kind of kinds) {
    if (trueAnyway.includes(kind)) continue;
    const own = heard.filter((alert) => alert.kind === kind);
    const words: unknown = Reflect.get(told, kind);
    if (!(words instanceof RegExp)) {
      unexpected(`people were told of ${kind}: ${own.map(({ state, summary }) => `${state}: ${summary}`).join(' | ')}`);
      continue;
    }
    const states = own
      .filter(({ isReminder }) => !isReminder)
      .map(({ state }) => state)
      .join(', ');
    const hasty = own.find(({ at, isReminder }, index) => isReminder && at - (own[index - 1]?.at ?? at) < dayMs);
    if (hasty !== undefined) unexpected(`of ${kind} people were reminded within a day, at ${iso(hasty.at)}`);
    if (states !== 'open, recovered') unexpected(`of ${kind} people were told: ${states === '' ? 'nothing' : states}`);
    const first = own[0];
    if (first !== undefined && !words.test(first.summary))
      unexpected(`what people were told of ${kind} does not name the cause: ${first.summary}`);
  }
}
