import { describe, expect, test } from 'vitest';
import { demoReport, type DemoReport } from '../../report/demo.ts';
import { aRun, theftAt } from './demo-sample.ts';

const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&\u2028</style>`;
const value = `sk-ant-api03-FAKE${'q'.repeat(20)}`;
const webhook = 'https://hooks.slack.com/services/T00/B00/fake';

/** The run with every text replaced; numbers, instants and fixed words stay. */
function withTexts(text: string): DemoReport {
  const run = aRun(5);
  return {
    ...run,
    traffic: text,
    version: text,
    keys: run.keys.map((key) => ({
      ...key,
      workspace: text,
      profile: text,
      containment: text,
      series: key.series.map((series) => ({ ...series, metric: text })),
      lifecycle: key.lifecycle.map((lane) => ({
        apiKeyId: text,
        hint: text,
        spans: lane.spans.map((span) => ({ ...span, state: text, because: text })),
      })),
    })),
    events: run.events.map((event) => ({ ...event, text })),
    consumers: [{ name: text, requests: 1, overHttp: 1, failures: [{ cause: text, count: 1 }] }],
    invariants: [{ id: text, promise: text, held: false, detail: text }],
    alerts: run.alerts.map((sent) => ({
      ...sent,
      alert: { ...sent.alert, title: text },
      email: { subject: text, body: text },
      slack: {
        text,
        blocks: [
          { type: 'header', text: { type: 'plain_text', text } },
          { type: 'section', text: { type: 'mrkdwn', text }, fields: [{ type: 'mrkdwn', text }] },
        ],
      },
    })),
    figures: [{ label: text, value: text, note: text }],
  };
}

const page = demoReport(aRun());

describe('one file that needs nothing else', () => {
  test('loads nothing: its policy forbids it, and nothing asks', () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"`);
    expect(page).not.toMatch(/\ssrc\s*=|<link\b|@import|url\(\s*['"]?(?!data:)|@font-face|<iframe|<img/i);
  });

  test('a week of three keys stays under 3 MB', () => {
    expect(Buffer.byteLength(page)).toBeLessThan(3_000_000);
    expect(aRun().keys[0]?.series[0]?.at).toHaveLength(10_080);
  });

  test('carries uPlot itself', () => {
    expect(page).toContain('uPlot=function');
  });

  test('is light and dark, and light on paper', () => {
    expect(page).toContain('@media (prefers-color-scheme: dark)');
    expect(page).toContain('@media print');
  });
});

describe('says what happened', () => {
  test('in one sentence with the numbers', () => {
    expect(headingOf(page)).toBe(
      'A key of production was stolen: noticed after 8 minutes and cut off after 11 minutes; of 245,214 requests not one failed.',
    );
  });

  test('also when it went badly', () => {
    const run = aRun(5);
    const bad = demoReport({
      ...run,
      events: run.events.filter(({ kind }) => kind === 'theft'),
      alerts: [],
      consumers: [{ name: 'api', requests: 100, overHttp: 100, failures: [{ cause: 'answered 401', count: 3 }] }],
      invariants: [{ id: 'I1', promise: 'works', held: false, detail: '3 refused' }],
    });
    expect(headingOf(bad)).toBe(
      'A key of production was stolen: never noticed and never cut off; of 100 requests 3 failed (3 answered 401).',
    );
    expect(bad).toContain('1 promise broken.');
    expect(bad).not.toContain('not one failed');
  });

  test('and for several thefts the range of each length', () => {
    const run = aRun(7);
    const later = (kind: 'theft' | 'alert' | 'containment', minutes: number) => ({
      at: theftAt + minutes * 60_000,
      subject: 'assistant',
      kind,
      text: 'x',
    });
    const heading = headingOf(
      demoReport({ ...run, events: [...run.events, later('theft', 60), later('alert', 66), later('containment', 67)] }),
    );
    expect(heading).toContain('2 keys were stolen: noticed after 6 minutes to 8 minutes and cut off after 7 minutes to 11 minutes;');
  });

  test.each(['production', 'batch-eu', 'assistant'])('draws usage and lifecycle of %s', (name) => {
    const section = page.slice(page.indexOf(`aria-label="Managed key ${name}"`));
    expect(section).toContain('Output tokens a minute, 7 days');
    expect(section).toContain('Life of each API key');
  });

  test('shades the theft in its close-up and lists what happened in it', () => {
    const shaded = plotsOf(page).filter(({ windows }) => windows.some(({ from }) => from === theftAt));
    expect(shaded.map(({ at }) => at.length)).toContain(132);
    expect(page).toMatch(/The theft, minute by minute: output tokens/);
    expect(page).toMatch(/At its height, Fri 12 Jun, 09:\d\d, 9\d,\d{3} tokens a minute where [\d,]+ to [\d,]+ were expected/);
  });

  test('no plot has more than 2,000 points', () => {
    for (const { at } of plotsOf(page)) expect(at.length).toBeLessThanOrEqual(2000);
    expect(plotsOf(page)).toHaveLength(8);
  });

  test('shows each message once as Slack and once as email', () => {
    expect(page.match(/aria-label="Slack message"/g)).toHaveLength(4);
    expect(page.match(/aria-label="Email"/g)).toHaveLength(4);
  });

  test('gives each API key a lane with its states, without the prefix of its hint', () => {
    expect(page).toContain('apikey_01FAKEold (R2D...igAA)');
    for (const state of ['standby', 'pending', 'current', 'draining', 'inactive', 'contained']) expect(page).toContain(`<title>${state}, `);
  });
});

describe('hostile text', () => {
  test('never becomes markup, wherever it stands', () => {
    const hit = demoReport(withTexts(hostile));
    expect(hit).not.toContain('<script>alert');
    expect(hit).not.toContain('<img');
    expect(count(hit, '<script')).toBe(count(demoReport(withTexts('plain')), '<script'));
    expect(count(hit, '</style')).toBe(count(page, '</style'));
    expect(hit).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('no plot of it has broken data', () => {
    for (const { at } of plotsOf(demoReport(withTexts(hostile)))) expect(at.length).toBeGreaterThan(0);
  });

  test('nothing that begins like a key or a webhook gets in', () => {
    for (const text of [page, demoReport(withTexts(`${value} and ${webhook}`))]) {
      expect(text).not.toContain('sk-ant-');
      expect(text).not.toContain('hooks.slack.com');
    }
    expect(demoReport(withTexts(value))).toContain('[key]');
  });
});

test('a theft for which no data came says so instead of drawing', () => {
  const run = aRun(2);
  expect(demoReport(run)).toContain('No data in this range.');
  expect(plotsOf(demoReport(run)).filter(({ at }) => at.length === 0)).toEqual([]);
});

test('a run without keys, events and messages is a report too', () => {
  const empty = demoReport({ ...aRun(1), keys: [], events: [], consumers: [], alerts: [], figures: [], invariants: [] });
  expect(headingOf(empty)).toBe('Nothing was stolen; of 0 requests not one failed.');
  expect(empty).toContain('No message was sent.');
});

function headingOf(text: string): string {
  return /<h1>([^<]*)<\/h1>/.exec(text)?.[1] ?? '';
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

interface PlotData {
  readonly at: readonly number[];
  readonly windows: readonly { readonly from: number }[];
}

function plotsOf(text: string): readonly PlotData[] {
  return [...text.matchAll(/<script type="application\/json">([\s\S]*?)<\/script>/g)].map(([, json = '']) => JSON.parse(json) as PlotData);
}
