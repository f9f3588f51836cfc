import type { TestPlatform } from './platform.ts';
import { describe, expect, test } from 'vitest';
import { MINUTE_MS, aPlatform, refusalOf, traffic } from './platform.ts';

const PATH = '/v1/organizations/usage_report/messages';
const NOON = Date.parse('2026-11-23T12:00:00Z');

interface Row {
  readonly api_key_id: string | null;
  readonly workspace_id: string | null;
  readonly account_id: string | null;
  readonly service_account_id: string | null;
  readonly model: string | null;
  readonly uncached_input_tokens: number;
  readonly output_tokens: number;
}
interface Report {
  readonly data: { readonly starting_at: string; readonly ending_at: string; readonly results: Row[] }[];
  readonly has_more: boolean;
  readonly next_page: string | null;
}

const report = (platform: TestPlatform, query: Record<string, unknown>): Promise<Report> => platform.admin.get(PATH, { query });

/** The noon bucket's rows, asked for five minutes later. */
async function rowsAtNoon(platform: TestPlatform, query: Record<string, unknown>): Promise<Row[]> {
  const { data } = await report(platform, {
    starting_at: '2026-11-23T12:00:00Z',
    ending_at: '2026-11-23T12:01:00Z',
    bucket_width: '1m',
    ...query,
  });
  return data[0]?.results ?? [];
}

describe('buckets', () => {
  const cases: [width: string, query: Record<string, unknown>, first: string, last: string, buckets: number][] = [
    ['1m', { starting_at: '2026-11-23T11:00:31.5Z', ending_at: '2026-11-23T11:03:00Z' }, '2026-11-23T11:00:00Z', '2026-11-23T11:02:00Z', 3],
    [
      '1m',
      { starting_at: '2026-11-23T13:00:00+02:00', ending_at: '2026-11-23T11:02:59Z' },
      '2026-11-23T11:00:00Z',
      '2026-11-23T11:01:00Z',
      2,
    ],
    ['1m', { starting_at: '2026-11-22T00:00:00Z' }, '2026-11-22T00:00:00Z', '2026-11-22T00:59:00Z', 60],
    ['1h', { starting_at: '2026-11-22T03:20:00Z' }, '2026-11-22T03:00:00Z', '2026-11-23T02:00:00Z', 24],
    ['1d', { starting_at: '2026-11-01T12:00:00Z' }, '2026-11-01T00:00:00Z', '2026-11-07T00:00:00Z', 7],
    ['1d', { starting_at: '2026-11-20T00:00:00Z' }, '2026-11-20T00:00:00Z', '2026-11-23T00:00:00Z', 4],
    ['1m', { starting_at: '2026-11-23T11:58:00Z', ending_at: '2026-11-23T13:00:00Z' }, '2026-11-23T11:58:00Z', '2026-11-23T12:00:00Z', 3],
  ];
  test.each(cases)('of %s for %o run from %s to %s', async (width, query, first, last, buckets) => {
    const platform = await aPlatform();
    const { data } = await report(platform, { bucket_width: width, ...query });
    expect([data.at(0)?.starting_at, data.at(-1)?.starting_at, data.length]).toEqual([first, last, buckets]);
  });

  test('come page by page, and every minute is on exactly one page', async () => {
    const platform = await aPlatform();
    const starts: string[] = [];
    let page: string | null = null;
    do {
      const answer: Report = await report(platform, {
        bucket_width: '1m',
        limit: 7,
        starting_at: '2026-11-23T11:00:00Z',
        ending_at: '2026-11-23T11:30:00Z',
        ...(page === null ? {} : { page }),
      });
      starts.push(...answer.data.map((bucket) => bucket.starting_at));
      expect(answer.has_more).toBe(answer.next_page !== null);
      page = answer.next_page;
    } while (page !== null);
    expect(starts).toEqual(Array.from({ length: 30 }, (_, minute) => `2026-11-23T11:${String(minute).padStart(2, '0')}:00Z`));
  });

  const refused: Record<string, unknown>[] = [
    {},
    { starting_at: 'yesterday' },
    { starting_at: '2026-11-23T11:00:00Z', ending_at: '2026-11-23T11:00:00Z' },
    { starting_at: '2026-11-23T11:00:00Z', bucket_width: '5m' },
    { starting_at: '2026-11-23T11:00:00Z', bucket_width: '1m', limit: 1441 },
    { starting_at: '2026-11-23T11:00:00Z', bucket_width: '1h', limit: 169 },
    { starting_at: '2026-11-23T11:00:00Z', bucket_width: '1d', limit: 32 },
    { starting_at: '2026-11-23T11:00:00Z', group_by: ['requests'] },
    { starting_at: '2026-11-23T11:00:00Z', page: 'page_x' },
    { starting_at: '2026-11-23T11:00:00Z', group_by: ['speed'] },
  ];
  test.each(refused)('are refused for %o', async (query) => {
    const platform = await aPlatform();
    expect(await refusalOf(report(platform, query))).toMatchObject({ status: 400, type: 'invalid_request_error' });
  });
});

describe('rows', () => {
  test('are null in what is not grouped, in the default workspace, and for keys that nobody used', async () => {
    const platform = await aPlatform();
    const inDefault = platform.console.createApiKey({ name: 'default' });
    platform.use(platform.key.value, traffic({ uncachedInputTokens: 1 }));
    platform.use(inDefault.value, traffic({ uncachedInputTokens: 10 }));
    platform.console.usePlayground(platform.workspaceId, traffic({ uncachedInputTokens: 100 }));
    platform.clock.advance(5 * MINUTE_MS);
    const [all] = await rowsAtNoon(platform, {});
    expect(all).toMatchObject({ api_key_id: null, workspace_id: null, model: null, uncached_input_tokens: 111 });
    const byWorkspace = await rowsAtNoon(platform, { group_by: ['workspace_id'] });
    expect(byWorkspace.map((row) => [row.workspace_id, row.uncached_input_tokens])).toEqual([
      [platform.workspaceId, 101],
      [null, 10],
    ]);
    const byKey = await rowsAtNoon(platform, { group_by: ['api_key_id'] });
    expect(byKey.map((row) => [row.api_key_id, row.uncached_input_tokens])).toEqual([
      [platform.key.id, 1],
      [inDefault.id, 10],
      [null, 100],
    ]);
  });

  test('name the user or the service account that a key acts as', async () => {
    const platform = await aPlatform();
    const user = platform.console.createUser({ name: 'Ada' });
    const account = platform.console.createServiceAccount({ name: 'batch' });
    const personal = platform.console.createApiKey({ name: 'personal', principal: { type: 'user', id: user.id } });
    const workload = platform.console.createApiKey({ name: 'workload', principal: { type: 'service_account', id: account.id } });
    for (const { value } of [platform.key, personal, workload]) platform.use(value, traffic());
    platform.clock.advance(5 * MINUTE_MS);
    const rows = await rowsAtNoon(platform, { group_by: ['account_id', 'service_account_id'] });
    expect(rows.map((row) => [row.account_id, row.service_account_id])).toEqual([
      [null, null],
      [user.id, null],
      [null, account.id],
    ]);
  });

  const filters: [query: Record<string, unknown>, tokens: number][] = [
    [{ models: ['claude-opus-5-5'] }, 1],
    [{ models: ['claude-opus-5-5', 'claude-haiku-4-5'] }, 3],
    [{ service_tiers: ['batch'] }, 4],
    [{ context_window: ['200k-1M'] }, 8],
    [{ inference_geos: ['us'] }, 16],
    [{ models: ['claude-opus-5-5'], service_tiers: ['batch'] }, 0],
    [{ api_key_ids: ['apikey_of_nobody'] }, 0],
  ];
  test.each(filters)('filtered by %o', async (query, tokens) => {
    const platform = await aPlatform();
    const use = (about: Parameters<typeof traffic>[0]): void =>
      void platform.use(platform.key.value, traffic({ outputTokens: 0, ...about }));
    use({ model: 'claude-opus-5-5', uncachedInputTokens: 1 });
    use({ model: 'claude-haiku-4-5', uncachedInputTokens: 2 });
    use({ serviceTier: 'batch', uncachedInputTokens: 4 });
    use({ contextWindow: '200k-1M', uncachedInputTokens: 8 });
    use({ inferenceGeo: 'us', uncachedInputTokens: 16 });
    platform.clock.advance(5 * MINUTE_MS);
    const rows = await rowsAtNoon(platform, query);
    expect(rows.reduce((sum, row) => sum + row.uncached_input_tokens, 0)).toBe(tokens);
  });

  test('show speed to those who ask with the beta', async () => {
    const platform = await aPlatform();
    platform.use(platform.key.value, traffic({ speed: 'fast' }));
    platform.clock.advance(5 * MINUTE_MS);
    const query = { starting_at: '2026-11-23T12:00:00Z', bucket_width: '1m', group_by: ['speed'] };
    const answer: Report = await platform.admin.get(PATH, { query, headers: { 'anthropic-beta': 'fast-mode-2026-02-01' } });
    expect(answer.data[0]?.results).toMatchObject([{ speed: 'fast' }]);
  });

  test('add up to the same in minutes, hours and days', async () => {
    const platform = await aPlatform();
    for (let minute = 0; minute < 90; minute += 1)
      platform.use(platform.key.value, traffic({ outputTokens: minute, at: NOON - minute * MINUTE_MS }));
    platform.clock.advance(5 * MINUTE_MS);
    const total = async (bucket_width: string, limit: number): Promise<number> => {
      const { data } = await report(platform, { bucket_width, limit, starting_at: '2026-11-23T00:00:00Z' });
      return data.flatMap(({ results }) => results).reduce((sum, row) => sum + row.output_tokens, 0);
    };
    expect(await total('1m', 1440)).toBe((89 * 90) / 2);
    expect(await total('1h', 24)).toBe((89 * 90) / 2);
    expect(await total('1d', 7)).toBe((89 * 90) / 2);
  });
});

describe('the feed', () => {
  const shown = async (platform: TestPlatform): Promise<number> =>
    (await rowsAtNoon(platform, {})).reduce((sum, row) => sum + row.output_tokens, 0);

  test('shows a request the delay after it, and a minute may fill up in parts', async () => {
    const platform = await aPlatform();
    platform.use(platform.key.value, traffic({ outputTokens: 1 }));
    platform.clock.advance(50_000);
    platform.use(platform.key.value, traffic({ outputTokens: 2 }));
    platform.clock.advance(5 * MINUTE_MS - 50_000 - 1);
    expect(await shown(platform)).toBe(0);
    platform.clock.advance(1);
    expect(await shown(platform)).toBe(1);
    platform.clock.advance(50_000);
    expect(await shown(platform)).toBe(3);
  });

  test('can be late for a range, and only there', async () => {
    const platform = await aPlatform();
    platform.intercept.usage.delay({ from: NOON, until: NOON + MINUTE_MS, apiKeyId: platform.key.id }, 20 * MINUTE_MS);
    platform.use(platform.key.value, traffic({ outputTokens: 1 }));
    platform.use(platform.console.createApiKey({ name: 'other' }).value, traffic({ outputTokens: 2 }));
    platform.clock.advance(5 * MINUTE_MS);
    expect(await shown(platform)).toBe(2);
    platform.clock.advance(20 * MINUTE_MS);
    expect(await shown(platform)).toBe(3);
  });

  test('can miss a range until an instant', async () => {
    const platform = await aPlatform();
    platform.use(platform.key.value, traffic({ outputTokens: 1 }));
    platform.intercept.usage.hide({ from: NOON, until: NOON + MINUTE_MS }, NOON + 30 * MINUTE_MS);
    platform.clock.advance(29 * MINUTE_MS);
    expect(await shown(platform)).toBe(0);
    platform.clock.advance(MINUTE_MS);
    expect(await shown(platform)).toBe(1);
  });

  test('can restate a bucket up, down and away after it was read', async () => {
    const platform = await aPlatform();
    platform.use(platform.key.value, traffic({ outputTokens: 10 }));
    const noon = { from: NOON, until: NOON + MINUTE_MS };
    platform.intercept.usage.restate(noon, 1.5, NOON + 10 * MINUTE_MS);
    platform.intercept.usage.restate(noon, 0.2, NOON + 20 * MINUTE_MS);
    platform.intercept.usage.restate(noon, 0, NOON + 30 * MINUTE_MS);
    const seen: number[] = [];
    for (const minutes of [5, 5, 10, 10]) {
      platform.clock.advance(minutes * MINUTE_MS);
      seen.push(await shown(platform));
    }
    expect(seen).toEqual([10, 15, 3, 0]);
    expect(platform.inspect.usage(platform.organization.id, NOON, NOON + MINUTE_MS)).toMatchObject([{ counts: { outputTokens: 10 } }]);
  });

  test('answers a stale read as of five minutes earlier', async () => {
    const platform = await aPlatform();
    platform.use(platform.key.value, traffic({ outputTokens: 1 }));
    platform.clock.advance(9 * MINUTE_MS);
    const release = platform.intercept.onCall(({ phase }) => (phase === 'before' ? { kind: 'stale' } : undefined));
    expect(await shown(platform)).toBe(0);
    release();
    expect(await shown(platform)).toBe(1);
  });
});

test('organizations never see each other', async () => {
  const platform = await aPlatform();
  const other = platform.console.createOrganization('Other');
  const foreign = platform.client(platform.console.createAdminKey({ organizationId: other.id }).value);
  platform.use(platform.key.value, traffic());
  platform.clock.advance(5 * MINUTE_MS);
  const answer: Report = await foreign.get(PATH, { query: { starting_at: '2026-11-23T12:00:00Z', bucket_width: '1m' } });
  expect(answer.data.flatMap(({ results }) => results)).toEqual([]);
});

test('a week of fifty keys is replayed, and each hour of it read back whole', async () => {
  const platform = await aPlatform();
  const keys = Array.from({ length: 50 }, (_, index) =>
    platform.console.createApiKey({ name: `key ${index}`, workspaceId: platform.workspaceId }),
  );
  const weekMinutes = 7 * 24 * 60;
  let used = 0;
  // A tenth of the keys in each minute: 50,000 uses.
  for (let minute = 0; minute < weekMinutes; minute += 1) {
    for (let index = minute % 10; index < keys.length; index += 10) {
      used += platform.use(keys[index]?.value ?? '', traffic({ outputTokens: 1, at: NOON + minute * MINUTE_MS })).accepted;
    }
  }
  expect(used).toBe(weekMinutes * 5);
  platform.clock.advance((weekMinutes + 5) * MINUTE_MS);
  let read = 0;
  for (let hour = 0; hour < 7 * 24; hour += 12) {
    const { data } = await report(platform, {
      bucket_width: '1m',
      group_by: ['api_key_id', 'workspace_id', 'model'],
      starting_at: new Date(NOON + hour * 60 * MINUTE_MS).toISOString(),
      ending_at: new Date(NOON + (hour + 1) * 60 * MINUTE_MS).toISOString(),
    });
    read += data.flatMap(({ results }) => results).reduce((sum, row) => sum + row.output_tokens, 0);
  }
  expect(read).toBe(14 * 60 * 5);
});
