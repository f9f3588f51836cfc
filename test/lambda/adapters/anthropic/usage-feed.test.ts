import { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { expect, test } from 'vitest';
import { usageFeed } from '../../../../lambda/adapters/anthropic/usage-feed.ts';
import { dayMs, floorTo, hourMs, minuteMs } from '../../../../lambda/foundation/clock.ts';
import { cutPage, endlessPages, samePage, withoutField, type Misreport } from '../../../../local/anthropic/usage-faults.ts';
import { aPlatform, traffic } from '../../../local/anthropic/platform.ts';

async function aFeed() {
  const platform = await aPlatform();
  for (let ago = 1; ago <= 20; ago += 1) platform.use(platform.key.value, traffic({ at: platform.clock.now() - ago * minuteMs }));
  platform.clock.advance(6 * minuteMs);
  const now = floorTo(platform.clock.now(), minuteMs);
  const feed = usageFeed(new BaseAnthropic({ baseURL: platform.baseUrl, apiKey: platform.adminKey.value, maxRetries: 0 }));
  return { platform, read: (ms: number) => feed.minutes(now - ms, now) };
}

test('speed and residency are asked for, and shown', async () => {
  const { platform, read } = await aFeed();
  platform.use(
    platform.key.value,
    traffic({ model: 'claude-opus-5-5', speed: 'fast', inferenceGeo: 'us', at: platform.clock.now() - 10 * minuteMs }),
  );
  platform.clock.advance(minuteMs);
  expect((await read(hourMs)).filter(({ speed }) => speed === 'fast')).toMatchObject([{ inferenceGeo: 'us', model: 'claude-opus-5-5' }]);
});

test('a stretch of several pages is read whole', async () => {
  const { read } = await aFeed();
  expect(await read(3 * dayMs)).toHaveLength(20);
});

test.each<[what: string, fault: Misreport, code: string, requests: number]>([
  ['is cut', cutPage, 'answer-cut', 1],
  ['shows one page again and again', samePage, 'answer-repeats', 2],
  ['has no end', endlessPages, 'answer-endless', 2],
  ['lacks a field', withoutField('model'), 'usage-malformed', 1],
])('of a report that %s nothing is believed, after few requests', async (_what, fault, code, requests) => {
  const { platform, read } = await aFeed();
  platform.intercept.usage.misreport(fault);
  platform.intercept.forgetCalls();
  await expect(read(30 * minuteMs)).rejects.toMatchObject({ code });
  expect(platform.intercept.calls).toHaveLength(requests);
  platform.intercept.usage.misreport(undefined);
  expect((await read(30 * minuteMs)).length).toBeGreaterThan(0);
});

test('a report that stands still answers 200, and nothing new', async () => {
  const { platform, read } = await aFeed();
  platform.intercept.usage.standStill(platform.clock.now() - 12 * minuteMs);
  expect((await read(hourMs)).length).toBeLessThan(20);
  platform.intercept.usage.standStill(undefined);
  expect(await read(hourMs)).toHaveLength(20);
});
