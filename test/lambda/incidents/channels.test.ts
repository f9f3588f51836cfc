import { describe, expect, test } from 'vitest';
import { channelKinds } from '../../../contract/registry.ts';
import { channelFiles, type Channel } from '../../../lambda/incidents/channels.ts';
import { render as renderEmail } from '../../../lambda/incidents/channels/email.ts';
import { render as renderSlack, type SlackMessage } from '../../../lambda/incidents/channels/slack-webhook.ts';
import { alertOf } from '../../../lambda/incidents/message.ts';
import { anIncident, at, everyIncident, hostile } from './message-incidents.ts';
import { said } from '../../support/causes.ts';

const dashboardUrl = 'https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards/dashboard/KeyGuard-acme';
const context = { installation: 'acme', dashboardUrl, at };
const alerts = everyIncident().map((incident) => alertOf(incident, context));
const worst = alertOf(
  anIncident({
    subject: hostile,
    brake: { code: 'recorded', text: hostile.repeat(10) },
    facts: { model: hostile, workspaceId: hostile, cause: said(hostile), metric: hostile, observed: 1, expected: 1 },
  }),
  context,
);
const longest = {
  ...worst,
  title: '&<>'.repeat(400),
  summary: '&<>'.repeat(3000),
  actions: Array.from({ length: 30 }, () => '<'.repeat(900)),
  facts: Array.from({ length: 30 }, () => ({ label: '&'.repeat(900), value: '>'.repeat(9000) })),
};

test.each(channelKinds)('%s renders every kind in every state', async (kind) => {
  const channel: Channel = await channelFiles[kind]();
  for (const alert of alerts) expect(JSON.stringify(channel.render(alert))).toContain('production');
});

describe('email', () => {
  test.each([...alerts, worst, longest])('$kind, $state: the subject is one short ASCII line', (alert) => {
    const { subject } = renderEmail(alert);
    expect(subject).toMatch(/^\[(CRITICAL|WARNING|INFO)\] [\x20-\x7e]+$/);
    expect(subject.length).toBeLessThan(100);
  });

  test.each([...alerts, worst, longest])('$kind, $state: the body keeps to 78 columns, but for an address in one piece', (alert) => {
    const { body } = renderEmail(alert);
    const long = body.split('\n').filter((line) => Array.from(line).length > 78);
    expect(long).toEqual([`  ${dashboardUrl}`]);
    expect(body.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });

  test.each([
    ['замороженный ключ', 'zamorozhennyi klyuch'],
    ['Ключ «Щит»', 'Klyuch "Shchit"'],
    ['Schlüssel für Straße', 'Schlussel fur Strasse'],
    ['zażółć gęślą', 'zazolc gesla'],
    ['κλειδί', 'kleidi'],
    ['鍵 が 無効', '(...)'],
    ['key 鍵 is dead', 'key (...) is dead'],
    ['🔥🔥', '(...)'],
    ['a\u202eb\u0000c\r\nd', 'ab c d'],
  ])('%s stands in the subject as ASCII, and in the body as it was written', (text, inSubject) => {
    const { subject, body } = renderEmail({ ...worst, title: text, summary: `It is said: ${text}` });
    expect(subject).toBe(`[CRITICAL] ${inSubject}`);
    expect(body).not.toContain('??');
    if (!text.includes('\n')) expect(body).toContain(`It is said: ${text}`);
  });

  test('a reason in any language reaches people by email', () => {
    const alert = alertOf(
      anIncident({ kind: 'key-changed', facts: { grade: 'secret-written', apiKeyId: 'apikey_1', cause: said('заморозка 鍵 🔥') } }),
      context,
    );
    expect(renderEmail(alert).body).toContain('заморозка 鍵 🔥');
  });

  test('is text for people, not JSON, and leads from what happened to what to do', () => {
    const { body } = renderEmail(alertOf(anIncident(), context));
    expect(() => JSON.parse(body) as unknown).toThrow();
    expect(body).not.toMatch(/[{}]/);
    const order = ['production: 23 times', '48,300 output tokens', 'What to do now', '  1. Ask', 'Facts', 'Links', 'Incident inc_'];
    const places = order.map((part) => body.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  test('no word of the summary is lost or changed by wrapping', () => {
    const alert = alertOf(anIncident(), context);
    expect(renderEmail(alert).body.replace(/\s+/g, ' ')).toContain(alert.summary);
  });

  test('a title cannot add a header line', () => {
    const { subject } = renderEmail({ ...worst, title: 'x\r\nBcc: everybody@example.com' });
    expect(subject).toBe('[CRITICAL] x Bcc: everybody@example.com');
  });
});

describe('slack', () => {
  test.each([...alerts, worst, longest])("$kind, $state: the card keeps to Slack's limits", (alert) => {
    expect(overLimit(renderSlack(alert))).toEqual([]);
  });

  test('markup and mentions from outside are escaped everywhere', () => {
    for (const text of mrkdwn(renderSlack(worst))) {
      expect(text.replace(/<https:[^<>|]+\|Dashboard>/, '')).not.toMatch(/[<>]/);
      expect(text).not.toMatch(/&(?!amp;|lt;|gt;)/);
    }
    expect(renderSlack(worst).text).not.toContain('<');
  });

  test('a text that is too long is not cut inside an entity', () => {
    for (const text of mrkdwn(renderSlack(longest))) expect(text).not.toMatch(/&(?!amp;|lt;|gt;)/);
  });

  test('Slack is told to add no links of its own', () => {
    const card = JSON.stringify(renderSlack(alertOf(anIncident(), context)));
    expect(card.match(/"mrkdwn"/g)?.length).toBe(card.match(/"verbatim":true/g)?.length);
  });

  test('the header shows how bad it is, and the steps are numbered', () => {
    const { blocks } = renderSlack(alertOf(anIncident(), context));
    expect(blocks[0]).toEqual({
      type: 'header',
      text: { type: 'plain_text', text: ':red_circle: production: 23 times the usual output tokens', emoji: true },
    });
    expect(JSON.stringify(blocks)).toContain('*What to do now*\\n1. Ask the owners');
  });
});

function mrkdwn(message: SlackMessage): readonly string[] {
  return message.blocks.flatMap((block) => {
    if (block.type === 'section')
      return [...(block.text === undefined ? [] : [block.text.text]), ...(block.fields ?? []).map(({ text }) => text)];
    if (block.type === 'context') return block.elements.flatMap((element) => (element.type === 'image' ? [] : [element.text]));
    return [];
  });
}

/** Limits as docs.slack.dev/reference/block-kit/blocks gives them. */
function overLimit(message: SlackMessage): readonly string[] {
  return message.blocks.flatMap((block) => {
    if (block.type === 'header') return block.text.text.length > 150 ? ['header'] : [];
    if (block.type !== 'section') return [];
    const { text, fields = [] } = block;
    return [
      ...(text !== undefined && (text.text.length > 3000 || text.text.length === 0) ? ['section'] : []),
      ...(fields.length > 10 || fields.some((field) => field.text.length > 2000) ? ['fields'] : []),
      ...(text === undefined && fields.length === 0 ? ['empty'] : []),
    ];
  });
}
