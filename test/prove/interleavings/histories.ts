import fc from 'fast-check';
import { containableKinds, type ContainableKind } from '../../../contract/registry.ts';
import type { ContainmentPolicy, ManagedKeyDefinition } from '../../../contract/policy.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { clear, record } from '../../../lambda/incidents/raise.ts';
import { definition, MemoryWorld, undisturbed } from './memory.ts';
import { containmentPorts } from './memory-incidents.ts';
import {
  comeToQuiescence,
  containment,
  emergency,
  intake,
  judgeQuiescence,
  removal,
  retirement,
  rotation,
  undo,
  verification,
} from './scenarios.ts';
import { runSchedule, type Actor, type Turn } from './schedule.ts';

/** What a history must know of itself to say whether its next act makes sense. */
interface Model {
  keys: number;
  tokens: number;
  paused: boolean;
}

type Act = fc.AsyncCommand<Model, MemoryWorld>;

/** Somebody's run, by a choice that is made before anybody knows which keys there will be. */
type Choice = (model: Model, world: MemoryWorld, which: number) => Actor | undefined;

/** Short, so that a history meets the end of a key's life. */
const rotationPolicy = { ...definition.rotation, intervalMs: 5 * dayMs, maximumGraceMs: 2 * dayMs, quietMs: 3 * hourMs };
/** A key that dies sooner is not worth taking in, or claiming. */
const needMs = rotationPolicy.intervalMs + rotationPolicy.maximumGraceMs;

/** How long a key lives that a person makes: for ever, too short to be taken in, or a little longer than a rotation needs. */
const lives: readonly (number | null)[] = [null, null, needMs + 2 * hourMs, needMs + 2 * dayMs, needMs - hourMs, hourMs];

const choices = {
  intake: (model, world, which) => {
    model.keys += 1;
    const apiKeyId = `k${model.keys}`;
    world.create(apiKeyId, lives[which % lives.length] ?? null);
    return intake(world, apiKeyId);
  },
  rotation: (model, world) => {
    const pending = world.holder('AWSPENDING');
    if (pending !== undefined && pending !== world.holder('AWSCURRENT')) return rotation(world, pending);
    model.tokens += 1;
    world.register(`t${model.tokens}`);
    return rotation(world, `t${model.tokens}`);
  },
  retirement: (_model, world) => retirement(world),
  // Without an incident it has nothing to do.
  containment: (_model, world) => (world.incidents.size === 0 ? undefined : containment(world)),
  undo: (_model, world, which) => {
    const old = recordsIn(world, ['draining', 'inactive', 'contained']);
    return old.length === 0 ? undefined : undo(world, old[which % old.length] ?? '');
  },
  emergency: (_model, world, which) => {
    const used = recordsIn(world, ['current', 'draining']);
    const chosen = used[which % Math.max(used.length, 1)];
    if (chosen === undefined) return undefined;
    world.exempt.add(chosen);
    return emergency(world, chosen);
  },
  removal: (_model, world, which) => {
    const pool = recordsIn(world, ['standby', 'rejected']);
    return pool.length === 0 ? undefined : removal(world, pool[which % pool.length] ?? '');
  },
  verification: (_model, world, which) => {
    const standby = recordsIn(world, ['standby']);
    return standby.length === 0 ? undefined : verification(world, standby[which % standby.length] ?? '');
  },
} as const satisfies Record<string, Choice>;
type ChoiceName = keyof typeof choices;

function recordsIn(world: MemoryWorld, states: readonly string[]): readonly string[] {
  return [...world.records.values()].filter((record) => states.includes(record.state)).map((record) => record.apiKeyId);
}

/** One to three runs at once, with deaths, failed calls and changes of turn where `turns` say so. */
function runsAct(names: readonly ChoiceName[], which: number, turns: readonly Turn[]): Act {
  return {
    check: () => true,
    async run(model, world) {
      const actors = names.flatMap((name, index) => {
        const choice: Choice = choices[name];
        const actor = choice(model, world, which);
        return actor === undefined ? [] : [{ ...actor, name: `${actor.name} ${index}` }];
      });
      const { mistakes } = await runSchedule(actors, turns);
      for (const mistake of mistakes) world.violate(mistake);
      judge(world);
    },
    toString: () => `${names.join(' + ')} (${which}) ${JSON.stringify(turns)}`,
  };
}

function timeAct(ms: number): Act {
  return {
    check: () => true,
    run: async (_model, world) => void (world.now += ms),
    toString: () => `${ms / minuteMs} minutes pass`,
  };
}

/** A person disables, enables or deletes a key in the Console. */
function consoleAct(which: number, status: 'active' | 'inactive' | 'archived'): Act {
  return {
    check: (model) => model.keys > 0,
    async run(_model, world) {
      const ids = [...world.keys.keys()];
      world.inConsole(ids[which % ids.length] ?? '', status);
      judge(world);
    },
    toString: () => `a person makes key ${which} ${status}`,
  };
}

function byHandAct(): Act {
  return {
    check: () => true,
    async run(model, world) {
      model.tokens += 1;
      world.writeByHand(`hand${model.tokens}`);
    },
    toString: () => 'a person writes the secret',
  };
}

function pauseAct(paused: boolean): Act {
  return {
    check: (model) => model.paused !== paused,
    async run(model, world) {
      model.paused = paused;
      world.paused = paused ? { schema: 1, managedKey: definition.name, at: world.now, by: 'operator', because: 'a freeze' } : undefined;
    },
    toString: () => (paused ? 'pause' : 'resume'),
  };
}

/** Usage that looks stolen is found: of a key that should be inactive, or of the managed key. */
function theftAct(which: number, kind: ContainableKind): Act {
  return {
    check: (model) => model.keys > 0,
    async run(_model, world) {
      const ids = recordsIn(world, ['standby', 'pending', 'current', 'draining', 'inactive', 'contained', 'rejected']);
      const apiKeyId = ids[which % ids.length];
      if (apiKeyId === undefined) return;
      world.use(apiKeyId);
      await record(kind, definition.name, kind === 'retired-key-used' ? { apiKeyId } : {}, containmentPorts(world, undisturbed));
    },
    toString: () => `${kind} of key ${which}`,
  };
}

/** The usage is as it should be again. */
function calmAct(kind: ContainableKind): Act {
  return {
    check: () => true,
    run: (_model, world) => clear(kind, definition.name, containmentPorts(world, undisturbed)),
    toString: () => `${kind} is over`,
  };
}

function usedAct(): Act {
  return {
    check: () => true,
    run: async (_model, world) => world.useOldKeys(),
    toString: () => 'old keys are used',
  };
}

/** Longer ago than what the report shows may be old, and not long enough to be quiet. */
function unseen(world: MemoryWorld): void {
  world.collectedUntil ??= world.now;
  world.now += 2 * hourMs;
  world.useOldKeys();
  world.now += 80 * minuteMs;
}

function collectorAct(runs: boolean): Act {
  return {
    check: () => true,
    async run(_model, world) {
      if (runs) world.collectedUntil = undefined;
      else unseen(world);
    },
    toString: () => (runs ? 'usage is collected again' : 'usage is collected no more, and old keys are used then'),
  };
}

function judge(world: MemoryWorld): void {
  if (world.violations.length > 0) throw new Error([...new Set(world.violations)].join('\n'));
}

const which = fc.nat({ max: 6 });
const turn: fc.Arbitrary<Turn> = fc.record({
  at: fc.nat({ max: 45 }),
  to: fc.oneof<fc.Arbitrary<Turn['to']>[]>(fc.nat({ max: 2 }), fc.constantFrom('death', 'failed', 'lost', 'stale')),
});
const turns = fc.uniqueArray(turn, { maxLength: 5, selector: ({ at }) => at });
const name = fc.constantFrom(...(Object.keys(choices) as ChoiceName[]));

const together = fc.tuple(fc.array(name, { minLength: 2, maxLength: 3 }), which, turns).map((given) => runsAct(...given));
const alone = fc
  .tuple(
    name.map((one) => [one]),
    which,
    turns,
  )
  .map((given) => runsAct(...given));

const acts: fc.Arbitrary<Act>[] = [
  // fast-check draws each with the same chance: what is dangerous stands here more often.
  together,
  together,
  together,
  alone,
  // The common way, so that histories get somewhere.
  fc
    .tuple(fc.constantFrom<ChoiceName>('intake', 'rotation', 'retirement', 'containment'), which)
    .map(([one, number]) => runsAct([one], number, [])),
  fc.constantFrom(minuteMs, 10 * minuteMs, 2 * hourMs, 13 * hourMs, 2 * dayMs, 9 * dayMs).map(timeAct),
  fc.tuple(which, fc.constantFrom('active', 'inactive', 'archived')).map((given) => consoleAct(...given)),
  fc.boolean().map(pauseAct),
  fc.constant(usedAct()),
  fc.boolean().map(collectorAct),
  fc.tuple(which, fc.constantFrom(...containableKinds)).map((given) => theftAct(...given)),
  fc.constantFrom(...containableKinds).map(calmAct),
  fc.constant(byHandAct()),
];

export interface HistoriesOptions {
  readonly runs: number;
  readonly seed: number;
  /** Both as fast-check names them for a history that failed: begins with that very one. */
  readonly again?: { readonly path: string; readonly replayPath: string };
  /** @default the world as it is; a test breaks it on purpose */
  readonly begin?: (changes: Partial<ManagedKeyDefinition>) => MemoryWorld;
}

/**
 * Random histories of a managed key: intake, rotations, retirement, undo, emergency, verifications, pauses, time, people in the Console and
 * at the secret; each run may die or fail at any call, and up to three are at work at once. The invariants are looked at after every
 * call, and once more at quiescence. Throws with the shortest history that breaks one, and how to repeat it.
 */
export async function tryHistories({ runs, seed, again, begin = (changes) => new MemoryWorld(changes) }: HistoriesOptions): Promise<void> {
  const property = fc.asyncProperty(
    fc.array(fc.constantFrom(...lives), { maxLength: 4 }),
    fc.commands(acts, { maxCommands: 30, size: 'max', ...(again === undefined ? {} : { replayPath: again.replayPath }) }),
    fc.constantFrom<ContainmentPolicy['lastCredential']>('keep', 'cut'),
    async (pool, commands, lastCredential) => {
      const keys = pool.length;
      const world = begin({ rotation: rotationPolicy, containment: { mode: 'auto', lastCredential } });
      world.tickMs = 1;
      const model: Model = { keys, tokens: 0, paused: false };
      // A pool to begin with, and most of the time a rotation or two.
      for (let number = 1; number <= keys; number += 1) world.standby(`k${number}`, pool[number - 1]);
      for (let rotations = 1; rotations < keys; rotations += 1) await runSchedule([choices.rotation(model, world)], []);
      await fc.asyncModelRun(() => ({ model, real: world }), commands);
      world.paused = undefined;
      world.collectedUntil = undefined;
      await comeToQuiescence(world);
      judgeQuiescence(world);
      judge(world);
    },
  );
  await fc.assert(property, { numRuns: runs, seed, includeErrorInReport: true, ...(again === undefined ? {} : { path: again.path }) });
}
