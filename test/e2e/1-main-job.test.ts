import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dimensionNames, metricNamespace, usageMetrics, type UsageMetric } from '../../contract/metrics.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../lambda/adapters/aws/usage-ledger.ts';
import { dayMs, floorTo, minuteMs } from '../../lambda/foundation/clock.ts';
import type { LocalAnthropic } from '../../local/anthropic/server.ts';
import { realClock } from '../../local/clock.ts';
import { localChannels, type Receiver } from '../../local/receivers.ts';
import { cardsAbout, type Card } from './cards.ts';
import { answerTo, peopleElsewhere, peopleOn, startPlatform, type People } from './claude-platform.ts';
import { configuration, currentValue, emulatorLog, invoke, labels, outputs, outputsText, rotate } from './deployment.ts';
import { keyguard, printed } from './keyguard-command.ts';
import { testMonday } from './monday.ts';
import { testOperators } from './operators.ts';
import { catchUp } from './outage.ts';
import { until } from './until.ts';

/** With a stand-in for Anthropic that somebody else started: see README.md. */
const external = process.env['E2E_EXTERNAL'] === '1';
const key = 'production';
const model = 'claude-sonnet-5-5';

let platform: LocalAnthropic | undefined;
let slack: Receiver | undefined;
let people: People;
/** Every value that was ever around, for the last test. */
const values: string[] = [];
const standby: string[] = [];
const table = openTable(outputs.of('stateTable'));
const cloudWatch = new CloudWatchClient({});

beforeAll(async () => {
  if (external) {
    people = peopleElsewhere(process.env);
    return;
  }
  platform = await startPlatform();
  slack = await localChannels['slack-webhook'].start();
  people = peopleOn(platform);
});
afterAll(() => Promise.all([platform?.stop(), slack?.stop()]));

async function ledger(): Promise<readonly ApiKeyRecord[]> {
  return (await apiKeyLedger(table).all()).filter((record) => record.managedKey === key);
}
const states = async (): Promise<readonly string[]> => (await ledger()).map((record) => record.state).sort();

test('deploying alone rotates nothing and fills no secret', async () => {
  for (const { name } of configuration.managedKeys) {
    expect(await currentValue(name)).toBeUndefined();
    expect(await labels(name)).toMatchObject({ rotationEnabled: true, previous: undefined, lastRotatedAt: undefined });
  }
});

test('an operator stores the admin key and the webhook, and takes in standby keys, which are then inactive', async () => {
  const admin = people.adminKey();
  values.push(admin);
  await keyguard(['admin-key', 'set'], admin);
  if (slack !== undefined) {
    values.push(slack.credential);
    await keyguard(['slack-webhook', 'set'], slack.credential);
  }
  for (let count = 1; count <= 4; count += 1) {
    const value = people.newKey(key);
    values.push(value);
    standby.push(value);
    expect(await keyguard(['standby', 'add', key], value)).toContain(`The pool of ${key} holds ${count}`);
    expect(await answerTo(value)).toBe(401);
  }
  expect(await states()).toEqual(['standby', 'standby', 'standby', 'standby']);
  expect(await currentValue(key)).toBeUndefined();
});

test('a first rotation puts a working key where consumers read', async () => {
  expect(await keyguard(['rotate', key, '--yes'])).toContain(`${key} rotated`);
  const value = (await currentValue(key)) ?? '';
  expect(standby).toContain(value);
  expect(await answerTo(value)).toBe(200);
  expect(await states()).toEqual(['current', 'standby', 'standby', 'standby']);
  if (platform !== undefined) {
    const current = (await ledger()).find((record) => record.state === 'current');
    expect(platform.inspect.key(current?.apiKeyId ?? '').status).toBe('active');
  }
});

test('a second rotation leaves the key before it working', async () => {
  const before = await currentValue(key);
  const value = await rotate(key);
  expect(standby).toContain(value);
  expect(value).not.toBe(before);
  expect(await answerTo(value)).toBe(200);
  expect(await answerTo(before ?? '')).toBe(200);
  expect(await states()).toEqual(['current', 'draining', 'standby', 'standby']);
});

const strangers: readonly (readonly [string, 'rotationFunction' | 'notifierFunction', () => Promise<unknown>, RegExp])[] = [
  ['an unknown step', 'rotationFunction', async () => aStep({ Step: 'deleteSecret' }), /step/i],
  [
    'a token that is not AWSPENDING',
    'rotationFunction',
    async () => aStep({ ClientRequestToken: 'e'.repeat(36) }),
    /AWSPENDING|version|token/i,
  ],
  [
    'a foreign secret',
    'rotationFunction',
    async () => aStep({ SecretId: outputs.of('adminKeySecret') }),
    /no managed key of this installation/,
  ],
  ['an empty event', 'rotationFunction', async () => ({}), /Secrets Manager|Step|event/i],
  ['an empty batch', 'notifierFunction', async () => ({ Records: [] }), /no SNS records/],
];
async function aStep(changes: object): Promise<unknown> {
  return { Step: 'createSecret', SecretId: outputs.secret(key), ClientRequestToken: (await labels(key)).current, ...changes };
}

test.each(strangers)('%s gets one clear error and changes nothing', async (_what, fn, event, says) => {
  const before = [await labels(key), await currentValue(key), await ledger()];
  const { status, errorMessage } = await invoke(outputs.of(fn), await event());
  expect(status).toBe(200);
  expect(errorMessage).toMatch(says);
  expect([await labels(key), await currentValue(key), await ledger()]).toEqual(before);
});

/** Sums over [from, until), as CloudWatch answers them. */
async function sums(from: number, end: number): Promise<Readonly<Record<UsageMetric, number>>> {
  const result: Record<UsageMetric, number> = { inputTokens: 0, outputTokens: 0, estimatedCostUsd: 0 };
  const metrics = Object.keys(result).filter((name): name is UsageMetric => name in result);
  const answer = await cloudWatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(from),
      EndTime: new Date(end),
      MetricDataQueries: metrics.map((metric) => ({
        Id: metric.toLowerCase(),
        MetricStat: {
          Metric: {
            Namespace: metricNamespace,
            MetricName: usageMetrics[metric].name,
            Dimensions: [
              { Name: dimensionNames.installation, Value: configuration.installation },
              { Name: dimensionNames.managedKey, Value: key },
            ],
          },
          Period: 60,
          Stat: 'Sum',
        },
      })),
    }),
  );
  for (const metric of metrics) {
    const points = answer.MetricDataResults?.find(({ Id }) => Id === metric.toLowerCase())?.Values ?? [];
    result[metric] = points.reduce((sum, value) => sum + value, 0);
  }
  return result;
}

testOperators(
  () => people,
  (value) => values.push(value),
);

// Only with our own platform: usage of the past cannot be made by calls.
if (!external) {
  testMonday(
    () => {
      if (platform === undefined || slack === undefined) throw new Error('the servers are not there');
      return { platform, slack };
    },
    () => people,
    (value) => values.push(value),
  );
}

describe.runIf(!external)('usage', () => {
  const now = floorTo(realClock.now(), minuteMs);
  const [from, calmUntil] = [now - 4 * dayMs + 10 * minuteMs, now - 10 * minuteMs];
  let used = { inputTokens: 0, cacheReadTokens: 0, outputTokens: 0 };
  let stolen = '';
  const told = (): readonly Card[] => cardsAbout(slack, key).filter(({ kind }) => kind === 'usage-anomaly');

  function use(value: string, at: number, scale: number): void {
    const traffic = { uncachedInputTokens: 900 * scale, cacheReadTokens: 2000 * scale, outputTokens: 300 * scale };
    const outcome = platform?.use(value, { model, requests: scale, ...traffic, at });
    if (outcome?.status !== 200) throw new Error(`the platform refused usage: ${outcome?.status ?? 'it is not there'}`);
  }

  test('four days of usage stand in CloudWatch with exact sums', async () => {
    stolen = (await currentValue(key)) ?? '';
    for (let at = from; at < calmUntil; at += minuteMs) {
      const scale = 1 + ((at / minuteMs) % 7);
      use(stolen, at, scale);
      used = {
        inputTokens: used.inputTokens + 900 * scale,
        cacheReadTokens: used.cacheReadTokens + 2000 * scale,
        outputTokens: used.outputTokens + 300 * scale,
      };
    }
    await catchUp(key, { from: now - 4 * dayMs, to: calmUntil - 15 * minuteMs });
    const found = await until('all of it stands there', 30_000, async () => {
      const answer = await sums(from, calmUntil);
      return answer.outputTokens >= used.outputTokens && answer;
    });
    // Of this model's tokens a million costs 2 USD in, 0.10 from the cache, 10 out.
    const costUsd = (used.inputTokens * 2 + used.cacheReadTokens * 0.1 + used.outputTokens * 10) / 1e6;
    const { inputTokens, outputTokens } = used;
    expect({ ...found, estimatedCostUsd: found.estimatedCostUsd.toFixed(6) }).toEqual({
      inputTokens,
      outputTokens,
      estimatedCostUsd: costUsd.toFixed(6),
    });
  });

  test('usual usage alerts nobody', async () => {
    const { errorMessage } = await invoke(outputs.of('anomalyDetectorFunction'), {});
    expect(errorMessage).toBeUndefined();
    expect(told()).toEqual([]);
  });

  test('a stolen key raises an alert in Slack, is replaced and cut off', async () => {
    for (let at = calmUntil; at < now; at += minuteMs) use(stolen, at, 400);
    await until('the stolen key is dead', 90_000, async () => {
      await invoke(outputs.of('usageCollectorFunction'), {});
      await invoke(outputs.of('anomalyDetectorFunction'), {});
      return (await answerTo(stolen)) === 401;
    });
    const value = (await currentValue(key)) ?? '';
    expect(standby).toContain(value);
    expect(value).not.toBe(stolen);
    expect(await answerTo(value)).toBe(200);
    await until('the ledger says so', 30_000, async () => (await states()).includes('contained'));
    expect(await states()).toEqual(['contained', 'current', 'draining', 'standby']);
    await until('Slack has both cards', 60_000, async () => told().length >= 2);
  });

  test('Slack got one card for each state of the one incident, however often the functions run', async () => {
    for (const fn of ['usageCollectorFunction', 'anomalyDetectorFunction'] as const) await invoke(outputs.of(fn), {});
    expect(told().map(({ kind, state }) => `${kind} ${state}`)).toEqual(['usage-anomaly open', 'usage-anomaly contained']);
    expect(new Set(told().map(({ incidentId }) => incidentId)).size).toBe(1);
  });

  test('npx --no-install keyguard status names the key that took the place of the stolen one', async () => {
    const current = (await ledger()).find((record) => record.state === 'current');
    expect(await keyguard(['status', key])).toContain(current?.apiKeyId);
  });

  test('the schedules run the functions too, and the sums stay exact', async () => {
    const before = (await usageLedger(table, realClock).watermark())?.readAt ?? 0;
    await until(
      'the collector has run by its schedule',
      100_000,
      async () => ((await usageLedger(table, realClock).watermark())?.readAt ?? 0) > before,
    );
    const { inputTokens, outputTokens } = used;
    expect(await sums(from, calmUntil)).toMatchObject({ inputTokens, outputTokens });
    expect(told()).toHaveLength(2);
  });
});

test('no value stands in the log of the functions, in a card, in the outputs or in what the command printed', () => {
  const cards = JSON.stringify(slack?.cards ?? []);
  const places: readonly (readonly [string, string])[] = [
    ['the log', emulatorLog()],
    ['a card', cards],
    ['the outputs', outputsText()],
    ['what the command printed', printed.join('')],
  ];
  expect(places[0]?.[1]).toContain('rotation.step-done');
  const leaks = places.flatMap(([where, text]) =>
    values.flatMap((value, index) => (text.includes(value) ? [`value ${index} in ${where}`] : [])),
  );
  expect(leaks).toEqual([]);
});
