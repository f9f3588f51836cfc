import type { ContextBlock, DividerBlock, HeaderBlock, MrkdwnElement, SectionBlock } from '@slack/types';
import type { Alert } from '../../../contract/alert.ts';
import { briefly, KeyguardError, Unavailable } from '../../foundation/errors.ts';
import type { Secret } from '../../foundation/secret.ts';
import type { Credential } from '../channels.ts';

/** The body of a POST to an incoming webhook. */
export interface SlackMessage {
  /** What notifications and screen readers show. */
  readonly text: string;
  readonly blocks: readonly (HeaderBlock | SectionBlock | ContextBlock | DividerBlock)[];
}

/** docs.slack.dev/reference/block-kit/blocks: characters per text, and fields per section. */
const limits = { header: 150, section: 3000, field: 2000, fields: 10 } as const;

const marks = {
  critical: ':red_circle:',
  warning: ':large_yellow_circle:',
  info: ':large_green_circle:',
} as const satisfies Record<Alert['severity'], string>;

/** The Block Kit card of an alert. */
export function render(alert: Alert): SlackMessage {
  const steps = alert.actions.map((action, index) => `${index + 1}. ${action}`).join('\n');
  const links = alert.links.map(({ label, url }) => `<${escaped(url, 2000)}|${escaped(label.replaceAll('|', '/'), 100)}>`);
  return {
    text: escaped(`${alert.severity}: ${alert.title}. ${alert.summary}`, limits.section),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(`${marks[alert.severity]} ${alert.title}`, limits.header), emoji: true } },
      { type: 'section', text: words(escaped(alert.summary, limits.section)) },
      { type: 'section', fields: alert.facts.slice(0, limits.fields).map(({ label, value }) => field(label, value)) },
      ...(alert.actions.length === 0 ? [] : [todo(steps)]),
      {
        type: 'context',
        elements: [
          words(
            [`${alert.installation} | ${alert.kind} | ${alert.state} | incident ${alert.incidentId}`]
              .map((text) => escaped(text, 1000))
              .concat(links)
              .join(' | '),
          ),
        ],
      },
    ],
  };
}

function todo(steps: string): SectionBlock {
  return { type: 'section', text: words(`*What to do now*\n${escaped(steps, limits.section - 20)}`) };
}

function field(label: string, value: string): MrkdwnElement {
  return words(`*${escaped(label, 100)}*\n${escaped(value, limits.field - 200)}`);
}

/** Verbatim: Slack adds no links and no mentions of its own to text from outside. */
function words(text: string): MrkdwnElement {
  return { type: 'mrkdwn', text, verbatim: true };
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Slack's three characters escaped, and never more than `limit` characters after that: an entity is not cut in two. */
function escaped(text: string, limit: number): string {
  const whole = text.replace(/[&<>]/g, (sign) => entities[sign] ?? sign);
  if (whole.length <= limit) return whole;
  let length = 0;
  let kept = '';
  for (const sign of text) {
    const shown = entities[sign] ?? sign;
    length += shown.length;
    if (length > limit - 3) break;
    kept += shown;
  }
  return `${kept}...`;
}

function cut(text: string, limit: number): string {
  // Half of a pair is no character, and Slack refuses a card that holds one.
  return text.length <= limit ? text : `${text.slice(0, limit - 3).replace(/[\ud800-\udbff]$/, '')}...`;
}

export const credential: Credential = {
  prompt: 'URL of the incoming webhook (https://hooks.slack.com/services/…)',
  help: {
    summary: 'Store the URL of an incoming webhook in its secret',
    description:
      'Reads the URL from standard input or a hidden prompt, never from an argument: whoever has it can post to your channel. ' +
      'Nothing is posted.',
  },
  // services/T…/B…/… (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks); or a receiver on this machine.
  shape:
    /^(https:\/\/hooks\.slack(-gov)?\.com\/services\/T[A-Z0-9]+\/B[A-Z0-9]+\/[A-Za-z0-9]{16,}|http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?\/\S*)$/,
  malformed: 'this does not look like a Slack webhook',
  fix: 'copy it whole from your Slack app (Incoming Webhooks): it begins with https://hooks.slack.com/services/ and has three parts after that',
  placeholder: {
    shape: /\/(T0+\/B0+\/\w+|\w+\/\w+\/X+)$/i,
    what: 'this is the example of Slack’s documentation, not a webhook',
  },
  turnOn: 'set alerts.slack.webhook to true in keyguard.json, and deploy',
};

const timeoutMs = 10_000;
const newWebhook = 'create an incoming webhook in Slack and store its URL in the secret named by the stack output SlackWebhookSecretArn';

/**
 * Posts once; who calls decides about trying again. Throws `Unavailable` when another try may succeed (429, 5xx, no
 * answer in ten seconds, cut connection, a page of somebody else), and KeyguardError `slack-refused`, `slack-url-malformed` or a proxy's refusal when it will not. Answers:
 * api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks. No error holds the URL: whoever has it can post.
 */
export async function deliver(webhookUrl: Secret, message: SlackMessage, fetch: typeof globalThis.fetch): Promise<void> {
  if (!URL.canParse(webhookUrl.reveal())) {
    throw new KeyguardError('slack-url-malformed', 'the stored Slack webhook is no URL', newWebhook);
  }
  const answer = await posted(webhookUrl, message, fetch);
  if (answer.status >= 200 && answer.status < 300) {
    if (!answer.isPage) return;
    throw new Unavailable('Slack delivery', `a page answered ${answer.status} in Slack's place, such as a proxy's or a firewall's`);
  }
  const said = `Slack answered ${answer.status}${answer.word === undefined ? '' : ` ${answer.word}`}`;
  if (answer.status === 429 || answer.status >= 500) throw new Unavailable('Slack delivery', said, answer.patienceMs);
  throw new KeyguardError('slack-refused', said, fixFor(answer.status));
}

async function posted(
  webhookUrl: Secret,
  message: SlackMessage,
  fetch: typeof globalThis.fetch,
): Promise<{ readonly status: number; readonly word: string | undefined; readonly isPage: boolean; readonly patienceMs: number }> {
  try {
    const response = await fetch(webhookUrl.reveal(), {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(message),
      // A webhook never redirects; following one would hand the message to somebody else.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await response.text();
    // Slack answers with one fixed word; anything else is not repeated.
    const patience = /^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0];
    const word = /^[a-z_]{2,60}$/.exec(body.trim())?.[0];
    return { status: response.status, word, isPage: body.includes('<'), patienceMs: Number(patience ?? 0) * 1000 };
  } catch (error) {
    if (error instanceof KeyguardError) throw error;
    // Only name and code: undici's message for a malformed URL quotes the URL, and its cause names the host.
    throw new Unavailable('Slack delivery', `no answer (${briefly(error)})`);
  }
}

function fixFor(status: number): string {
  if (status === 400) return 'report this as a bug, with the incident id: Slack could not read the card';
  return newWebhook;
}
