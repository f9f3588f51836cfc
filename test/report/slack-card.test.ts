import { describe, expect, test } from 'vitest';
import { render } from '../../lambda/incidents/channels/slack-webhook.ts';
import { alertOf } from '../../lambda/incidents/message.ts';
import { runsOf } from '../../report/slack-blocks.ts';
import { slackCard } from '../../report/slack-card.ts';
import { at, everyIncident } from '../lambda/incidents/message-incidents.ts';

const context = { installation: 'acme', dashboardUrl: 'https://example.com/dashboard', at };

test.each(everyIncident())('$kind, $state: title, every step and every fact are on the card', (incident) => {
  const alert = alertOf(incident, context);
  const card = textOf(slackCard(render(alert), '14:21').text);
  expect(card).toContain(alert.title);
  for (const action of alert.actions) expect(card).toContain(action.replaceAll('`', ''));
  for (const { label, value } of alert.facts) expect(card).toContain(`${label}\n${value.replaceAll('`', '')}`);
  expect(card).not.toMatch(/\*|&amp;amp;|:[a-z_]+circle:/);
});

describe('mrkdwn', () => {
  test('bold, italic, code and links are told apart', () => {
    expect(runsOf('a *b* _c_ `d*e*` <https://x.example/y|z>')).toEqual([
      { style: 'plain', text: 'a ' },
      { style: 'bold', text: 'b' },
      { style: 'plain', text: ' ' },
      { style: 'italic', text: 'c' },
      { style: 'plain', text: ' ' },
      { style: 'code', text: 'd*e*' },
      { style: 'plain', text: ' ' },
      { style: 'link', text: 'z', url: 'https://x.example/y' },
    ]);
  });

  test('underscores inside a name are no italics', () => {
    expect(runsOf('apikey_01FAKE_old in wrkspc_fake')).toEqual([{ style: 'plain', text: 'apikey_01FAKE_old in wrkspc_fake' }]);
  });

  test('escaped signs come back once, and only as text', () => {
    expect(runsOf('&lt;script&gt; &amp;lt;')).toEqual([{ style: 'plain', text: '<script> &lt;' }]);
    expect(slackCard([{ type: 'section', text: { text: '&lt;script&gt;' } }], '1').text).toContain('&lt;script&gt;');
  });

  test('a link to anything but http is text', () => {
    expect(slackCard([{ type: 'section', text: { text: '<javascript:alert(1)|x>' } }], '1').text).not.toContain('href');
  });
});

test.each([
  [null],
  [undefined],
  ['text'],
  [{}],
  [{ blocks: 'no' }],
  [[null, 1, { type: 'section' }, { type: 'header', text: 5 }, { type: 'unheard-of' }]],
])('what is no Slack message, %j, draws an empty card', (slack) => {
  expect(textOf(slackCard(slack, '14:21').text).trim()).toBe('KG\nKey GuardAPP14:21');
});

/** What a reader sees. */
function textOf(html: string): string {
  return html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\n\s+/g, '\n');
}
