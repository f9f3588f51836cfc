import { RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { usageReport } from '../../contract/metrics.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../lambda/adapters/aws/usage-ledger.ts';
import { dayMs, floorTo, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { echoMs } from '../../lambda/incidents/states.ts';
import { strangers } from '../../local/anthropic/strangers.ts';
import type { LocalAnthropic } from '../../local/anthropic/server.ts';
import { realClock } from '../../local/clock.ts';
import type { Receiver } from '../../local/receivers.ts';
import { cardsAbout, type Card } from './cards.ts';
import { answerTo, type People } from './claude-platform.ts';
import { currentValue, emulatorLog, invoke, outputs, secrets } from './deployment.ts';
import { keyguard } from './keyguard-command.ts';
import { catchUp } from './outage.ts';
import { until } from './until.ts';

const key = 'nightly-batch';
const model = 'claude-sonnet-5-5';
const longMs = 25 * minuteMs;
const long = { timeout: longMs + minuteMs };
const table = openTable(outputs.of('stateTable'));
const usage = usageLedger(table, realClock);

interface Servers {
  readonly platform: LocalAnthropic;
  readonly slack: Receiver;
}

async function ledger(): Promise<readonly ApiKeyRecord[]> {
  return (await apiKeyLedger(table).all()).filter((record) => record.managedKey === key);
}
const states = async (): Promise<readonly string[]> => (await ledger()).map((record) => record.state).sort();
const value = async (): Promise<string> => (await currentValue(key)) ?? '';

async function run(fn: 'usageCollectorFunction' | 'anomalyDetectorFunction' | 'retirementFunction'): Promise<string | undefined> {
  return (await invoke(outputs.of(fn), {})).errorMessage;
}

/**
 * Two weeks of an office that uses `nightly-batch`, written into the past: its Monday has begun two hours ago. Nobody else in the
 * organization has used anything before. `made` hears of every value.
 */
export function testMonday(servers: () => Servers, people: () => People, made: (value: string) => void): void {
  describe('an ordinary Monday of nightly-batch', () => {
    let now = 0;
    let heard = 0;

    /** What people were told of the managed key, but for its pool. */
    const cards = (): readonly Card[] => cardsAbout(servers().slack, key).filter(({ kind }) => kind !== 'pool-low');
    /** In this test. */
    const news = (): readonly string[] =>
      cards()
        .slice(heard)
        .map(({ kind, state }) => `${kind} ${state}`);
    /** In all tests. */
    const newsOfReport = (): readonly string[] => cardsAbout(servers().slack, usageReport).map(({ kind, state }) => `${kind} ${state}`);

    function use(credential: string, at: number, scale: number): void {
      const traffic = { uncachedInputTokens: 900 * scale, cacheReadTokens: 2000 * scale, outputTokens: 300 * scale };
      const { status } = servers().platform.use(credential, { model, requests: scale, ...traffic, at });
      if (status !== 200) throw new Error(`the platform refused usage: ${status}`);
    }

    /** Ten hours of work, two of them before this hour of the day, so many days ago. */
    async function work(...daysAgo: readonly number[]): Promise<void> {
      const credential = await value();
      for (const days of daysAgo) {
        const begin = now - 2 * hourMs - days * dayMs;
        // CloudWatch takes nothing older.
        const from = Math.max(begin, now - 13 * dayMs + 10 * minuteMs);
        for (let at = from; at < Math.min(begin + 10 * hourMs, now); at += minuteMs) use(credential, at, 1 + ((at / minuteMs) % 7));
      }
    }

    beforeAll(async () => {
      now = floorTo(realClock.now(), minuteMs);
      for (let count = 1; count <= 3; count += 1) {
        const fresh = people().newKey(key);
        made(fresh);
        await keyguard(['standby', 'add', key], fresh);
      }
    });
    beforeEach(() => {
      heard = cards().length;
    });

    test('days of silence after days of work are told to nobody, and detection runs on', async () => {
      await work(13, 12, 11, 10);
      await catchUp(key, { from: now - 13 * dayMs, to: now - 10 * dayMs });
      for (let runs = 1; runs <= 2; runs += 1) expect(await run('anomalyDetectorFunction')).toBeUndefined();
      expect(await table.get('BASELINE#envelope', key)).toBeDefined();
      expect([...news(), ...newsOfReport()]).toEqual([]);
    });

    test('a report that stands still is told once, and nothing is done to any key', async () => {
      const before = await ledger();
      await work(7, 6, 5);
      const lastSeen = now - 5 * dayMs + 8 * hourMs;
      servers().platform.intercept.usage.standStill(lastSeen);
      await work(4, 3);
      await catchUp(key, { from: now - 8 * dayMs, to: lastSeen - 15 * minuteMs });
      for (let runs = 1; runs <= 2; runs += 1) {
        for (const fn of ['usageCollectorFunction', 'anomalyDetectorFunction', 'retirementFunction'] as const)
          expect(await run(fn)).toBeUndefined();
      }
      await until('people are told', 30_000, async () => newsOfReport().length > 0);
      expect(newsOfReport()).toEqual(['usage-blind open']);
      expect(news()).toEqual([]);
      expect(await ledger()).toEqual(before);
    });

    test('a weekend later the report goes on: its end is told once, and all that it hid is nobody a message', async () => {
      servers().platform.intercept.usage.standStill(undefined);
      await work(0);
      await catchUp(key, { from: now - 31 * minuteMs, to: now - 10 * minuteMs });
      for (let runs = 1; runs <= 2; runs += 1) expect(await run('anomalyDetectorFunction')).toBeUndefined();
      expect(await usage.quarters(key, now - 4 * dayMs, now - 3 * dayMs)).not.toEqual([]);
      await until('people are told', 30_000, async () => newsOfReport().length > 1);
      expect(newsOfReport()).toEqual(['usage-blind open', 'usage-blind recovered']);
      expect(news()).toEqual([]);
    });

    test('a theft is told once and contained once, by one standby key', async () => {
      const stolen = await value();
      for (let at = now - 10 * minuteMs; at < now; at += minuteMs) use(stolen, at, 400);
      await until('the stolen key is dead', 60_000, async () => {
        for (const fn of ['usageCollectorFunction', 'anomalyDetectorFunction'] as const) await run(fn);
        return (await answerTo(stolen)) === 401;
      });
      await until('people are told', 30_000, async () => news().length > 1);
      for (const fn of ['usageCollectorFunction', 'anomalyDetectorFunction'] as const) expect(await run(fn)).toBeUndefined();
      expect(news()).toEqual(['usage-anomaly open', 'usage-anomaly contained']);
      expect((await states()).filter((state) => state !== 'inactive')).toEqual(['contained', 'current', 'standby', 'standby']);
      expect(await answerTo(await value())).toBe(200);
    });

    test('while a block page answers for Anthropic no key is lost, and the rotation goes on afterwards', async () => {
      const { platform } = servers();
      const shown = (): readonly string[] => platform.inspect.keys().map(({ id, status }) => `${id} ${status}`);
      const before = [await states(), shown(), await value()];
      const unblock = platform.intercept.onCall(() => ({ kind: 'stranger', answer: strangers.blockPage }));
      const failures = (): number => emulatorLog().split(/rotation \S+nightly-batch\S+ \w+: FAILED/).length;
      const failed = failures();
      await secrets.send(new RotateSecretCommand({ SecretId: outputs.secret(key) }));
      for (const fn of ['usageCollectorFunction', 'anomalyDetectorFunction', 'retirementFunction'] as const) await run(fn);
      await until('the rotation gives up', 90_000, async () => failures() > failed);
      await run('retirementFunction');
      expect((await states()).filter((state) => state !== 'pending')).toEqual((before[0] as readonly string[]).toSpliced(-1));
      expect([shown(), await value()]).toEqual(before.slice(1));

      unblock();
      await secrets.send(new RotateSecretCommand({ SecretId: outputs.secret(key) })).catch(() => undefined);
      await until('the rotation has gone on', 60_000, async () => (await value()) !== before[2]);
      await until('the ledger says so', 30_000, async () => (await states()).includes('draining'));
      expect((await states()).filter((state) => state !== 'inactive')).toEqual(['contained', 'current', 'draining', 'standby']);
      expect(news().filter((each) => !each.startsWith('rotation-failed'))).toEqual([]);
      expect(new Set(news()).size).toBe(news().length);
    });

    test('a current key that somebody disabled is replaced by itself, once, and its death is dated', async () => {
      const { platform } = servers();
      expect(await run('retirementFunction')).toBeUndefined();
      const dead = (await ledger()).find(({ state }) => state === 'current')?.apiKeyId ?? '';
      const before = await value();
      platform.console.setStatus(dead, 'inactive');
      await until('consumers have another key', 60_000, async () => {
        await run('retirementFunction');
        return (await value()) !== before;
      });
      const after = await value();
      expect(await answerTo(after)).toBe(200);
      await until('people are told', 30_000, async () => news().includes('current-key-dead open'));
      for (let runs = 1; runs <= 2; runs += 1) expect(await run('retirementFunction')).toBeUndefined();
      expect(await value()).toBe(after);
      expect(news().filter((each) => each === 'current-key-dead open')).toHaveLength(1);
      const card = cards().find(({ kind }) => kind === 'current-key-dead');
      expect(card?.text).toMatch(/last seen active \S+ \S+ UTC, and first seen dead \S+ \S+ UTC/);
    });

    // What is used within minutes of a cut may be what it has ended, and the clock of deployed functions is the real one.
    test.runIf(process.env['E2E_LONG'] === '1')(
      'the next theft, minutes after the first was contained, is told and contained too',
      long,
      async () => {
        const fresh = people().newKey(key);
        made(fresh);
        await keyguard(['standby', 'add', key], fresh);
        const [contained] = (await ledger()).filter(({ state }) => state === 'contained');
        const from = floorTo((contained?.since ?? 0) + echoMs + 2 * minuteMs, minuteMs);
        const stolen = await value();
        let usedUntil = from;
        await until('the stolen key is dead', longMs, async () => {
          for (; usedUntil + minuteMs <= realClock.now(); usedUntil += minuteMs) use(stolen, usedUntil, 400);
          for (const fn of ['usageCollectorFunction', 'anomalyDetectorFunction'] as const) await run(fn);
          return usedUntil > from && (await answerTo(stolen)) === 401;
        });
        await until('people are told', 30_000, async () => news().length > 1);
        expect(news()).toEqual(['usage-anomaly open', 'usage-anomaly contained']);
        expect((await states()).filter((state) => state === 'contained')).toHaveLength(2);
        expect(await answerTo(await value())).toBe(200);
      },
    );
  });
}
