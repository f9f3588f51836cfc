import { dayMs, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { startWorld, type World } from '../../local/world.ts';

/** How a program comes to its key, and for how long it keeps it. Milliseconds. */
interface Holder {
  readonly how: string;
  /** It reads its key again after this time; null: never, until it is restarted because it fails. */
  readonly keepsMs: number | null;
}

const graceMs = 12 * hourMs;
const maximumGraceMs = 36 * hourMs;
const intervalMs = 2 * dayMs;
/** Somebody notices the failing program and deploys it again. */
const restartAfterMs = 10 * minuteMs;

/**
 * The Lambda extension and the caching clients keep a value for 5 minutes (github.com/aws-samples/aws-lambda-extensions/issues/104);
 * ECS injects it once, when a container starts.
 */
const holders: readonly Holder[] = [
  { how: 'caching client, 5 minutes', keepsMs: 5 * minuteMs },
  { how: 'caching client, 1 hour', keepsMs: hourMs },
  { how: 'long-running program, reads at its start, restarts every 8 hours', keepsMs: 8 * hourMs },
  { how: 'environment variable (ECS), deployed every 24 hours', keepsMs: dayMs },
  { how: 'environment variable (ECS), never deployed until it fails', keepsMs: null },
];

interface LoadRow {
  readonly policy: 'wait' | 'cut';
  readonly how: string;
  readonly requests: number;
  /** By cause. `within the grace` is our fault, `after the grace` is the holder's. */
  readonly failures: { readonly withinGrace: number; readonly afterGrace: number };
  readonly keepsMs: number | null;
}

export interface Load {
  readonly rotations: number;
  readonly days: number;
  readonly rows: readonly LoadRow[];
  /** Failures of holders whose keeping is shorter than the grace: must be none. */
  readonly violations: readonly string[];
}

interface Program extends Holder {
  readonly policy: 'wait' | 'cut';
  value: string;
  readAt: number;
  failingSince: number | undefined;
  requests: number;
  withinGrace: number;
  afterGrace: number;
}

const each = { model: 'claude-haiku-5-5', requests: 60, uncachedInputTokens: 6000, cacheReadTokens: 0, outputTokens: 1200 };

/**
 * Programs with realistic caches, each with 60 requests a minute, through so many rotations of two managed keys: one waits for
 * stragglers, the other cuts them off. `say` hears of the progress.
 */
export async function runLoad(rotations: number, say: (sentence: string) => void): Promise<Load> {
  const rotation = {
    intervalMs,
    minimumGraceMs: graceMs,
    quietMs: 2 * hourMs,
    maximumGraceMs,
    undoMs: dayMs,
    maximumAgeMs: 5 * dayMs,
    lowWaterMs: hourMs,
  };
  const world = await startWorld({
    managedKeys: [
      { name: 'wait', rotation: { ...rotation, atMaximum: 'wait' }, containment: { mode: 'off', lastCredential: 'keep' } },
      { name: 'cut', rotation: { ...rotation, atMaximum: 'cut' }, containment: { mode: 'off', lastCredential: 'keep' } },
    ],
  });
  try {
    return await load(world, rotations, say);
  } finally {
    await world.stop();
  }
}

const policies = ['wait', 'cut'] as const;

async function load(world: World, rotations: number, say: (sentence: string) => void): Promise<Load> {
  // It has its own proof, and would take most of the time.
  world.aws.schedules.disable('anomaly-detector');
  const current = { wait: '', cut: '' };
  const switchedAt = new Map<string, number>();
  const began = world.clock.now();
  for (const name of policies) {
    await world.addStandbyKey(name);
    await world.rotate(name);
    current[name] = await world.currentValue(name);
  }
  const programs = policies.flatMap((policy) => holders.map((holder) => started(holder, policy, current[policy], world.clock.now())));
  // Whoever reads the secret sees a switch at the next beat only: later than in life, so that the proof errs to the safe side.
  const beatMs = 2 * hourMs;
  let done = 0;
  while (done < rotations) {
    for (const name of policies) await world.addStandbyKey(name);
    const due = world.clock.now() + intervalMs;
    const after = (): boolean => world.clock.now() >= due;
    while (!after()) {
      await world.passes(beatMs, {
        beatMs,
        eachMinute: (at) => programs.forEach((program) => minute(program, current[program.policy], at, world, switchedAt)),
      });
      await follow(world, current, switchedAt);
    }
    done += 1;
    if (done % 10 === 0) say(`${done} of ${rotations} rotations`);
  }
  const rows = programs.map(({ policy, how, keepsMs, requests, withinGrace, afterGrace }) => ({
    policy,
    how,
    keepsMs,
    requests,
    failures: { withinGrace, afterGrace },
  }));
  return {
    rotations: switches(world),
    days: Math.round((world.clock.now() - began) / dayMs),
    rows,
    violations: violationsOf(rows, switches(world), rotations),
  };
}

function started(holder: Holder, policy: Program['policy'], value: string, at: number): Program {
  return { ...holder, policy, value, readAt: at, failingSince: undefined, requests: 0, withinGrace: 0, afterGrace: 0 };
}

function minute(program: Program, currentValue: string, at: number, world: World, switchedAt: ReadonlyMap<string, number>): void {
  const stale = program.keepsMs !== null && at - program.readAt >= program.keepsMs;
  const restarted = program.failingSince !== undefined && at - program.failingSince >= restartAfterMs;
  if (stale || restarted) Object.assign(program, { value: currentValue, readAt: at, failingSince: undefined });
  program.requests += each.requests;
  const { rejected } = world.anthropic.use(program.value, { ...each, at: at - minuteMs });
  if (rejected === 0) return;
  const left = switchedAt.get(program.value);
  if (left === undefined || at - left < graceMs) program.withinGrace += rejected;
  else program.afterGrace += rejected;
  program.failingSince ??= at;
}

/** What consumers would read from now on: asked for once a beat, since AWSCURRENT moves at a beat only. */
async function follow(world: World, current: Record<Program['policy'], string>, switchedAt: Map<string, number>): Promise<void> {
  for (const name of policies) {
    const value = await world.currentValue(name);
    if (value === current[name]) continue;
    switchedAt.set(current[name], world.clock.now());
    current[name] = value;
  }
}

function switches(world: World): number {
  return world.aws.inspect.secrets.events().filter(({ type }) => type === 'RotationSucceeded').length - policies.length;
}

function violationsOf(rows: readonly LoadRow[], happened: number, asked: number): readonly string[] {
  const short = rows.filter(
    ({ keepsMs, failures }) =>
      (keepsMs !== null && keepsMs < graceMs ? failures.withinGrace + failures.afterGrace : failures.withinGrace) > 0,
  );
  // Whoever is waited for is never cut off, however long it keeps its key.
  const cut = rows.filter(({ policy, failures }) => policy === 'wait' && failures.afterGrace > 0);
  const missed = happened < 2 * (asked - 1) ? [`only ${happened} rotations of ${2 * asked} happened`] : [];
  return [
    ...missed,
    ...short.map(({ policy, how }) => `${how} (${policy}) failed although it keeps its key for less than the grace`),
    ...cut.map(({ how }) => `${how} was cut off although the policy waits`),
  ];
}
