import type { IncidentRecord, IncidentState } from '../../contract/records.ts';
import { render as renderEmail } from '../../lambda/incidents/channels/email.ts';
import { render as renderSlack } from '../../lambda/incidents/channels/slack-webhook.ts';
import { alertOf } from '../../lambda/incidents/message.ts';
import { mulberry32 } from '../../local/random.ts';
import type { DemoReport } from '../../report/demo.ts';

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;

/** Monday, 8 June 2026. */
const from = Date.UTC(2026, 5, 8);
export const theftAt = from + 4.4 * dayMs;
const firstSign = theftAt + 3 * minuteMs;
const toldAt = theftAt + 8 * minuteMs;
const cutAt = theftAt + 11 * minuteMs;
const rotatedAt = from + 2.5 * dayMs;

/** A plausible run: `days` of three keys by the minute, one rotation, one theft that is seen, told and cut off. */
export function aRun(days = 7): DemoReport {
  const to = from + days * dayMs;
  return {
    seed: 7,
    traffic: 'drawn from fitted profiles',
    from,
    to,
    tookSeconds: 41.26,
    version: '0.1.0',
    keys: [
      aKey('production', 'chat', 'auto', 4000, days),
      aKey('batch-eu', 'nightly batch', 'off', 9000, days),
      aKey('assistant', 'office hours', 'auto', 800, days),
    ],
    events: [
      { at: from, subject: 'production', kind: 'install', text: 'Installed with two standby keys' },
      {
        at: rotatedAt,
        subject: 'production',
        kind: 'rotation',
        text: 'apikey_01FAKEnew proved itself and became current; no request failed',
      },
      {
        at: rotatedAt + 1.1 * dayMs,
        subject: 'production',
        kind: 'retirement',
        text: 'apikey_01FAKEold was quiet for its grace and is inactive',
      },
      { at: theftAt, subject: 'production', kind: 'theft', text: 'A stranger begins to use apikey_01FAKEnew' },
      { at: firstSign, subject: 'production', kind: 'finding', text: 'Output tokens left their expected range' },
      { at: toldAt, subject: 'production', kind: 'alert', text: 'Slack and email were told: critical' },
      { at: toldAt + 2 * minuteMs, subject: 'production', kind: 'rotation', text: 'Consumers moved to apikey_01FAKEnext' },
      { at: cutAt, subject: 'production', kind: 'containment', text: 'apikey_01FAKEnew is inactive and answers 401' },
      { at: cutAt + 20 * minuteMs, subject: 'production', kind: 'recovery', text: 'Usage is back in its range' },
    ],
    consumers: [
      { name: 'api-gateway', requests: 181_204, overHttp: 2_204, failures: [] },
      { name: 'nightly-batch', requests: 64_010, overHttp: 1_010, failures: [] },
    ],
    invariants: [
      {
        id: 'I1',
        promise: 'AWSCURRENT always holds a credential that Anthropic accepts',
        held: true,
        detail: '10,080 minutes probed, 0 refused',
      },
      { id: 'I4', promise: 'No value is ever in a log, event, metric, alert or file', held: true, detail: '14 values sought in 41 MB' },
      { id: 'I7', promise: 'One cause, one incident, one message per channel and state', held: true, detail: '4 messages, 0 repeated' },
    ],
    alerts: (['open', 'containing', 'contained', 'recovered'] satisfies readonly IncidentState[]).map((state, index) =>
      aMessage(state, toldAt + index * index * 3 * minuteMs),
    ),
    figures: [
      { label: 'requests by consumers', value: '245,214' },
      { label: 'failed requests', value: '0', note: 'outside containment' },
      { label: 'from theft to message', value: '8 min', note: 'of these, 5 are the usage feed' },
      { label: 'from theft to cut-off', value: '11 min' },
      { label: 'false alarms', value: '0' },
      { label: 'promises held', value: '9 of 9' },
    ],
  };
}

function aMessage(state: IncidentState, at: number): DemoReport['alerts'][number] {
  const incident: IncidentRecord = {
    schema: 1,
    incidentId: 'inc_01FAKE',
    kind: 'usage-anomaly',
    subject: 'production',
    state,
    revision: 3,
    openedAt: toldAt,
    since: firstSign,
    lastFindingAt: at,
    facts: {
      apiKeyId: 'apikey_01FAKEnew',
      model: 'claude-fable-5',
      workspaceId: 'wrkspc_01FAKE',
      metric: 'outputTokens',
      observed: 96_300,
      expected: 4_180,
      startedAt: firstSign,
    },
    ...(state === 'open' ? {} : { target: 'apikey_01FAKEnew' }),
    announced: [],
  };
  const alert = alertOf(incident, {
    installation: 'acme',
    dashboardUrl: 'https://eu-central-1.console.aws.amazon.com/cloudwatch/home#dashboards/KeyGuard',
    at,
  });
  return { at, alert, email: renderEmail(alert), slack: renderSlack(alert) };
}

function aKey(name: string, profile: string, containment: string, level: number, days: number): DemoReport['keys'][number] {
  const to = from + days * dayMs;
  return {
    name,
    workspace: 'wrkspc_01FAKE',
    profile,
    containment,
    series: ['outputTokens', 'estimatedCostUsd'].map((metric) =>
      aSeries(metric, metric === 'outputTokens' ? level : level / 50_000, days, name === 'production'),
    ),
    lifecycle:
      name === 'production'
        ? [
            {
              apiKeyId: 'apikey_01FAKEold',
              hint: 'sk-ant-api03-R2D...igAA',
              spans: [
                { state: 'current', from, to: rotatedAt },
                { state: 'draining', from: rotatedAt, to: rotatedAt + 1.1 * dayMs, because: 'minimum grace 24 h' },
                { state: 'inactive', from: rotatedAt + 1.1 * dayMs, to },
              ],
            },
            {
              apiKeyId: 'apikey_01FAKEnew',
              hint: 'sk-ant-api03-K7x...9wAA',
              spans: [
                { state: 'standby', from, to: rotatedAt - minuteMs },
                { state: 'pending', from: rotatedAt - minuteMs, to: rotatedAt },
                { state: 'current', from: rotatedAt, to: toldAt + 2 * minuteMs },
                { state: 'draining', from: toldAt + 2 * minuteMs, to: cutAt },
                { state: 'contained', from: cutAt, to, because: 'usage-anomaly' },
              ],
            },
            {
              apiKeyId: 'apikey_01FAKEnext',
              hint: 'sk-ant-api03-b3Q...TEAA',
              spans: [
                { state: 'standby', from, to: toldAt },
                { state: 'current', from: toldAt + 2 * minuteMs, to },
              ],
            },
          ]
        : [
            { apiKeyId: `apikey_01FAKE${name}`, hint: 'sk-ant-api03-Zz1...00AA', spans: [{ state: 'current', from, to }] },
            { apiKeyId: `apikey_02FAKE${name}`, hint: 'sk-ant-api03-Yy2...11AA', spans: [{ state: 'standby', from, to }] },
          ],
  };
}

function aSeries(metric: string, level: number, days: number, stolen: boolean): DemoReport['keys'][number]['series'][number] {
  const random = mulberry32(Math.floor(level * 1000) + 1);
  const at = Array.from({ length: days * 1440 }, (_, minute) => from + minute * minuteMs);
  const typical = at.map((instant) => level * (0.25 + Math.max(0, Math.sin(((instant % dayMs) / dayMs) * 2 * Math.PI - 1.9))));
  return {
    metric,
    at,
    typical,
    low: typical.map((value) => value * 0.35),
    high: typical.map((value) => value * 2.4),
    observed: typical.map((value, index) => {
      const instant = at[index] ?? 0;
      if (index % 977 < 4) return null;
      const extra = stolen && instant >= theftAt && instant < cutAt ? level * 20 * (0.8 + 0.4 * random()) : 0;
      return value * (0.5 + random()) + extra;
    }),
  };
}
