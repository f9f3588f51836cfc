import { describe, expect, test } from 'vitest';
import { render as renderEmail } from '../../lambda/incidents/channels/email.ts';
import { render as renderSlack } from '../../lambda/incidents/channels/slack-webhook.ts';
import { alertOf } from '../../lambda/incidents/message.ts';
import { terminalEmail, terminalSlackCard } from '../../report/terminal.ts';
import { at, everyIncident } from '../lambda/incidents/message-incidents.ts';

const context = { installation: 'acme', dashboardUrl: `https://example.com/${'long/'.repeat(40)}`, at };
const plain = { colour: false };

describe.each(everyIncident())('$kind, $state', (incident) => {
  const alert = alertOf(incident, context);

  test.each([40, 88, 100, 300])('at %i columns both boxes are straight and at most 100 wide', (width) => {
    for (const box of [
      terminalSlackCard(renderSlack(alert), '14:21', { colour: false, width }),
      terminalEmail(renderEmail(alert), 'today', { colour: false, width }),
    ]) {
      const widths = new Set(box.split('\n').map((line) => line.length));
      expect([...widths]).toEqual([Math.min(100, width)]);
    }
  });

  test('no word is lost', () => {
    const words = (text: string): string => text.replace(/[│\s]+/g, ' ');
    const card = words(terminalSlackCard(renderSlack(alert), '14:21', plain));
    for (const sentence of [alert.title, alert.summary, ...alert.actions]) expect(card).toContain(words(sentence.replaceAll('`', '')));
    expect(words(terminalEmail(renderEmail(alert), 'today', plain))).toContain(alert.summary);
  });

  test('colour changes nothing but colour', () => {
    const coloured = terminalSlackCard(renderSlack(alert), '14:21', { colour: true });
    expect(coloured).toContain('\u001b[1m');
    // eslint-disable-next-line no-control-regex -- colour codes
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(terminalSlackCard(renderSlack(alert), '14:21', plain));
  });
});

test('text from outside cannot steer the terminal, and wide signs keep the box straight', () => {
  const box = terminalSlackCard([{ type: 'header', text: { text: '漢字 \u001b[2J\u0007 x' } }], '\u001b]0;title\u0007', plain);
  // eslint-disable-next-line no-control-regex -- the very thing that must not be there
  expect(box).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  const [top = '', middle = ''] = box.split('\n');
  expect(middle.length + 2).toBe(top.length);
});

test('a value that got into a message is not printed', () => {
  const text = `leaked sk-ant-api03-FAKE${'z'.repeat(20)} here`;
  expect(terminalEmail({ subject: text, body: text }, 'today', plain)).not.toContain('sk-ant-');
  expect(terminalSlackCard([{ type: 'section', text: { text } }], 'today', plain)).not.toContain('sk-ant-');
});
