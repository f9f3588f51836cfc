import { afterEach, expect, test } from 'vitest';
import type { Alert } from '../../../contract/alert.ts';
import { incidentStore } from '../../../lambda/adapters/aws/incident-store.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { dayMs, floorTo, hourMs, iso, minuteMs } from '../../../lambda/foundation/clock.ts';
import { quarterMs } from '../../../lambda/usage/deltas.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { knownForDays } from '../../support/known-for-days.ts';
import { long } from '../../support/long.ts';

let world: World;
afterEach(() => world.stop());

const usual = { model: 'claude-sonnet-5-5', requests: 3, uncachedInputTokens: 300, cacheReadTokens: 0, outputTokens: 300 };
const theft = { ...usual, requests: 60, uncachedInputTokens: 18_000, outputTokens: 18_000 };

async function aKey(standbyKeys = 2): Promise<void> {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  for (let number = 0; number < standbyKeys; number += 1) await world.addStandbyKey('production');
  await world.rotate('production');
}

interface Spell {
  /** What consumers do each minute, with the value that they read. */
  readonly work?: typeof usual;
  /** What somebody else does each minute with this value. */
  readonly stolen?: string;
  readonly beatMs?: number;
}

async function passes(ms: number, { work, stolen, beatMs = 3 * minuteMs }: Spell): Promise<void> {
  let value = await world.currentValue('production');
  await world.passes(ms, {
    beatMs,
    eachMinute: async (at) => {
      if (work !== undefined) {
        if (world.anthropic.use(value, { ...work, at: at - minuteMs }).status === 401) value = await world.currentValue('production');
      }
      if (stolen !== undefined) world.anthropic.use(stolen, { ...theft, at: at - minuteMs });
    },
  });
}

/** What people were told: kind and state. That a pool is low, or that nobody in the organization uses anything, is told beside. */
const told = (): readonly string[] =>
  world.aws.inspect.topics.published().flatMap(({ bodies }) => {
    const { kind, state } = JSON.parse(bodies['default'] ?? '{}') as Alert;
    return kind === 'pool-low' || kind === 'usage-blind' ? [] : [`${kind} ${state}`];
  });
const failedRuns = (): number => world.aws.functions.invocations('anomaly-detector').filter(({ ok }) => !ok).length;
const events = (event: string): readonly string[] => world.logs.filter((line) => line.includes(`"${event}"`));
const table = () => openTable(world.installation.stateTable);

test('a weekend of silence, then work, then thefts: each is told once and contained once', long, async () => {
  await aKey(3);
  await passes(2 * dayMs, { work: usual, beatMs: 16 * hourMs });
  // Thirty hours of nothing left numbers in the memory that the table refuses.
  await passes(3.2 * dayMs, { beatMs: dayMs });
  await passes(hourMs, { work: usual, beatMs: 10 * minuteMs });
  expect(told()).toEqual([]);
  const theft = ['usage-anomaly open', 'usage-anomaly contained', 'usage-anomaly recovered'];
  for (const thefts of [theft, [...theft, ...theft]]) {
    await passes(15 * minuteMs, { work: usual, stolen: await world.currentValue('production') });
    await passes(2 * hourMs, { work: usual, beatMs: 20 * minuteMs });
    expect(told()).toEqual(thefts);
  }
  expect(world.ledger().filter(({ state }) => state === 'contained')).toHaveLength(2);
  expect(failedRuns()).toBe(0);
});

test('a theft that the report shows six hours late is told once', long, async () => {
  await aKey();
  await passes(dayMs, { work: usual, beatMs: 8 * hourMs });
  await knownForDays(world, 'production');
  const stolen = await world.currentValue('production');
  const from = world.clock.now();
  world.anthropic.intercept.usage.delay({ from, until: from + 40 * minuteMs }, 5 * hourMs);
  await passes(40 * minuteMs, { work: usual, stolen, beatMs: 20 * minuteMs });
  await passes(4 * hourMs, { work: usual, beatMs: hourMs });
  expect(told()).toEqual([]);
  await passes(2 * hourMs, { work: usual, beatMs: 10 * minuteMs });
  await passes(2 * hourMs, { work: usual, beatMs: 20 * minuteMs });
  expect(told()).toEqual(['usage-anomaly open', 'usage-anomaly contained', 'usage-anomaly recovered']);
});

test('a batch of a cut key that runs for hours is told once, and cuts off nobody else', long, async () => {
  await aKey(3);
  await passes(3.5 * dayMs, { work: usual, beatMs: 16 * hourMs });
  const stolen = await world.currentValue('production');
  const id = world.keyOf(stolen) ?? '';
  await passes(15 * minuteMs, { work: usual, stolen });
  expect(told()).toEqual(['usage-anomaly open', 'usage-anomaly contained']);
  let value = await world.currentValue('production');
  await world.passes(3 * hourMs, {
    beatMs: 10 * minuteMs,
    eachMinute: async (at) => {
      if (at % hourMs === 0) value = await world.currentValue('production');
      world.anthropic.use(value, { ...usual, at: at - minuteMs });
      // What was begun before the cut is billed to the key all the same.
      world.anthropic.console.setStatus(id, 'active');
      world.anthropic.use(stolen, { ...theft, at: at - minuteMs });
      world.anthropic.console.setStatus(id, 'inactive');
    },
  });
  expect(told().slice(2)).toEqual(['retired-key-used open']);
  await passes(3 * hourMs, { work: usual, beatMs: 15 * minuteMs });
  expect(told().slice(2)).toEqual(['retired-key-used open', 'usage-anomaly recovered']);
  expect(world.ledger().filter(({ state }) => state === 'contained')).toHaveLength(1);
});

test('a memory and instants that cannot be are learnt anew, and blind nobody', long, async () => {
  await aKey();
  await passes(3.5 * dayMs, { work: usual, beatMs: 16 * hourMs });
  const in2036 = Date.UTC(2036, 0, 1);
  const foreign = {
    'BASELINE#envelope': { foldedUntil: in2036 },
    'BASELINE_OLD#envelope': { packed: Uint8Array.of(7) },
    LOOK: { lookedAt: in2036, found: [{ from: 0, to: in2036 }], unlearnt: [{ from: 0, to: in2036 }] },
    MOVED: { movedAt: 'never' },
  };
  for (const [pk, wrong] of Object.entries(foreign))
    await table().put(pk, 'production', { ...(await table().get(pk, 'production')), ...wrong });
  await passes(15 * minuteMs, { work: usual, stolen: await world.currentValue('production') });
  expect(events('detection.started-afresh')).toHaveLength(1);
  expect(told()).toEqual(['usage-anomaly open', 'usage-anomaly contained']);
  expect(world.aws.mailbox.messages()[0]?.body.replaceAll(/\s+/g, ' ')).toContain('learnt anew on 2026-09-10');
  expect(failedRuns()).toBe(0);
});

test('an alert says what the usage has cost beyond the usual since it began', async () => {
  await aKey();
  await passes(4 * hourMs, { work: usual, beatMs: 2 * hourMs });
  await knownForDays(world, 'production');
  await passes(12 * minuteMs, { work: usual, stolen: await world.currentValue('production') });
  const incident = (await incidentStore(table()).all()).find(({ kind }) => kind === 'usage-anomaly');
  const { excessCostUsd = 0, excessCostUsdPerHour = 0, startedAt = 0 } = incident?.facts ?? {};
  // Of this model a million tokens cost 2 USD in and 10 out. What is typical at this hour no past day has told yet: a sixtieth of the theft.
  const aMinute = (18_000 * 2 + 18_000 * 10) / 1e6;
  const minutes = excessCostUsd / aMinute;
  expect(minutes).toBeGreaterThan(0.9);
  expect(minutes).toBeLessThan((world.clock.now() - startedAt) / minuteMs);
  expect(excessCostUsdPerHour / aMinute).toBeGreaterThan(54);
  expect(excessCostUsdPerHour / aMinute).toBeLessThan(62);
});

test('two failed looks at a key are told, its other incidents stay as they are, and its end is told', async () => {
  await aKey();
  await passes(4 * hourMs, { work: usual, beatMs: 2 * hourMs });
  await knownForDays(world, 'production');
  await passes(15 * minuteMs, { work: usual, stolen: await world.currentValue('production') });
  const before = ['usage-anomaly open', 'usage-anomaly contained'];
  expect(told()).toEqual(before);
  const quarter = ['USAGE#production', iso(floorTo(world.clock.now() - 2 * hourMs, quarterMs))] as const;
  const readable = await table().get(...quarter);
  await table().put(...quarter, { ...readable, minutes: 'none' });
  // It is read by the next look that goes two days back.
  const hour = floorTo(world.clock.now(), hourMs) + hourMs;
  await passes(hour + 4 * minuteMs - world.clock.now(), { work: usual, beatMs: 10 * minuteMs });
  before.push('usage-anomaly recovered');
  expect(told()).toEqual(before);
  await passes(2 * minuteMs, { work: usual, beatMs: minuteMs });
  expect(told()).toEqual([...before, 'detection-failing open']);
  await table().put(...quarter, readable ?? {});
  await passes(2 * minuteMs, { work: usual, beatMs: minuteMs });
  expect(told()).toEqual([...before, 'detection-failing open', 'detection-failing recovered']);
});
