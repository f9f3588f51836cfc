import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Alert } from '../../../contract/alert.ts';
import { KeyguardError } from '../../../lambda/foundation/errors.ts';
import { jsonLog } from '../../../lambda/foundation/log.ts';
import { render } from '../../../lambda/incidents/channels/slack-webhook.ts';
import { alertOf } from '../../../lambda/incidents/message.ts';
import { notify } from '../../../lambda/incidents/notify.ts';
import { readAlert } from '../../../lambda/incidents/read-alert.ts';
import { at, everyIncident } from './message-incidents.ts';

const dashboardUrl = 'https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards/dashboard/acme';
const alerts = everyIncident().map((incident) =>
  alertOf({ ...incident, turn: 2, reminder: 1 }, { installation: 'acme', dashboardUrl, at }),
);
const [alert] = alerts;
if (alert === undefined) throw new Error('there is no alert');

// Of a newer version this one reads what it knows.
const schema = readFileSync('docs/alert.schema.json', 'utf8').replaceAll('"additionalProperties": false', '"additionalProperties": true');
const validate = new Ajv2020({ strict: true }).compile(JSON.parse(schema) as object);

/** What the notifier makes of a message on the topic: what it posted, or the code of the error. */
async function notified(
  message: unknown,
  ownDashboard = dashboardUrl,
): Promise<{ readonly posted: readonly Alert[]; readonly code?: string; readonly text?: string }> {
  const posted: Alert[] = [];
  const ports = {
    deliveries: {
      claim: async () => 'claimed' as const,
      markDelivered: async () => undefined,
      fail: async () => undefined,
      undelivered: async () => [],
    },
    channels: ['slack-webhook'] as const,
    post: async (_channel: string, each: Alert) => void posted.push(each),
    dashboardUrl: ownDashboard,
    log: jsonLog(() => undefined),
  };
  try {
    await notify({ Records: [{ EventSource: 'aws:sns', Sns: { Message: message } }] }, ports);
    return { posted };
  } catch (error) {
    if (error instanceof KeyguardError) return { posted, code: error.code, text: error.message };
    throw error;
  }
}

test.each(alerts)('what is published is read as it is: $kind, $state', (each) => {
  expect(readAlert(JSON.stringify(each))).toEqual(each);
});

/** Every place in a value, as a path. */
function pathsOf(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((each, index) => pathsOf(each, [...path, index]))];
  if (value === null || typeof value !== 'object') return [path];
  return [path, ...Object.entries(value).flatMap(([name, each]) => pathsOf(each, [...path, name]))];
}

function withAt(value: unknown, [step, ...rest]: readonly (string | number)[], put: unknown): unknown {
  if (step === undefined) return put;
  const copy: Record<string | number, unknown> | unknown[] = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  Reflect.set(copy, step, withAt(Reflect.get(copy, step), rest, put));
  return copy;
}

const odd: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  2,
  1e308,
  '',
  ' ',
  'x',
  'x'.repeat(3000),
  '😀'.repeat(250),
  'a\nb',
  'a\u0000',
  '\u202eevil',
  [],
  [null],
  [[]],
  ['x'.repeat(501)],
  Array.from({ length: 11 }, () => 'x'),
  {},
  { label: 1, value: 'x' },
  { label: 'x' },
  { length: 3 },
  [{ label: 'x', value: 'y' }],
  [{ label: 'x', url: 'javascript:alert(1)' }],
  'sk-ant-api03-AAAAAAAAAAAAAAAA',
  'https://hooks.slack.com/services/x',
  '2026-06-10T14:21:00.000Z',
  '2026-06-10',
  'open',
  'critical',
  'usage-anomaly',
  'keyguard.alert/2',
  { toString: 'x' },
  { __proto__: null },
];

test('a malformed alert is refused, and by one clear error, exactly where the published schema refuses it', async () => {
  const cases = pathsOf(alert).flatMap((path) => odd.map((put) => JSON.stringify(withAt(alert, path, put) ?? null)));
  expect(cases.length).toBeGreaterThan(1000);
  const wrong: string[] = [];
  for (const message of cases) {
    const value: unknown = JSON.parse(message);
    const { code, text = '' } = await notified(message);
    if (code !== (validate(value) ? undefined : 'not-an-alert') || text.length > 200) wrong.push(`${code ?? 'posted'}: ${message}`);
  }
  expect(wrong).toEqual([]);
});

test('whatever the event is, the answer is one of our own errors', async () => {
  const ports = { deliveries: {} as never, channels: [], post: async () => undefined, dashboardUrl, log: jsonLog(() => undefined) };
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (event) => {
      const error: unknown = await notify(event, ports).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(KeyguardError);
    }),
    { numRuns: 100 },
  );
  for (const event of [
    undefined,
    { Records: [null] },
    { Records: [{ Sns: null }] },
    { Records: [{ Sns: { Message: 'null' } }] },
    { Records: {} },
  ]) {
    await expect(notify(event, ports)).rejects.toBeInstanceOf(KeyguardError);
  }
});

describe('links', () => {
  const withLink = (url: string): string => JSON.stringify({ ...alert, links: [{ label: 'Dashboard', url }] });

  test.each([
    'https://evil.example/x',
    'https://eu-central-1.console.aws.amazon.com.evil.example/',
    'https://eu-central-1.console.aws.amazon.com@evil.example/',
    'https://user@eu-central-1.console.aws.amazon.com/',
    'http://eu-central-1.console.aws.amazon.com/',
    'https://eu-central-1.console.aws.amazon.com:8443/',
    'https://[',
  ])('%s is left out, and the rest is posted', async (url) => {
    const { posted } = await notified(withLink(url));
    expect(posted.map(({ links, title }) => ({ links, title }))).toEqual([{ links: [], title: alert.title }]);
  });

  test('the dashboard stays, whatever is shown of it', async () => {
    const { posted } = await notified(withLink(`${dashboardUrl}?x=1`));
    expect(posted[0]?.links).toHaveLength(1);
  });

  test.each(['us-gov-west-1.console.amazonaws-us-gov.com', 'cn-north-1.console.amazonaws.cn', 'eusc-de-east-1.console.amazonaws-eusc.eu'])(
    'an installation at %s posts the link to it, and to no other partition',
    async (host) => {
      const own = `https://${host}/cloudwatch/home#dashboards/dashboard/acme`;
      expect((await notified(withLink(own), own)).posted[0]?.links).toEqual([{ label: 'Dashboard', url: own }]);
      expect((await notified(withLink(dashboardUrl), own)).posted[0]?.links).toEqual([]);
    },
  );
});

test('mentions, links and characters that nobody sees reach Slack as harmless text', async () => {
  const text = 'a <!channel> <@U012AB3CD> <https://evil.example|click> \u202etxt.exe \u200bb \u0085c & d';
  const { posted } = await notified(
    JSON.stringify({ ...alert, title: text, summary: text, actions: [text], facts: [{ label: text.slice(0, 40), value: text }] }),
  );
  const card = JSON.stringify(render(posted[0] ?? alert).blocks.slice(1));
  expect(card.replace(/<https:\/\/eu-central-1[^<>|]+\|Dashboard>/g, '')).not.toMatch(/[<>\u202e\u200b\u0085]/u);
  expect(card).toContain('&lt;!channel&gt; &lt;@U012AB3CD&gt; &lt;https://evil.example|click&gt; txt.exe b c &amp; d');
});

test('a text that is cut is not cut inside a character', () => {
  const card = render({ ...alert, title: `x${'😀'.repeat(120)}` });
  expect(JSON.stringify(card)).not.toMatch(/\\ud[89a-f]/);
});
