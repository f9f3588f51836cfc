import { html, type Html } from './markup.ts';

export const emailStyles = `
.mail { border: 1px solid var(--line); border-radius: 8px; background: var(--ground); overflow: hidden; }
.mail dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.1rem 0.75rem; margin: 0; padding: 0.75rem 1rem; background: var(--raised); border-bottom: 1px solid var(--line); font-size: 0.875rem; }
.mail dt { color: var(--soft); } .mail dd { margin: 0; overflow-wrap: anywhere; } .mail dd.subject { font-weight: 650; }
.mail pre { margin: 0; padding: 0.9rem 1rem; white-space: pre; overflow-x: auto; font: 0.75rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
@media print { .mail pre { white-space: pre-wrap; font-size: 7.5pt; } }
`;

export interface SentEmail {
  readonly subject: string;
  readonly body: string;
}

/** A plain-text email as a mail program shows it; `time` is when it was sent, in words. */
export function emailView(email: SentEmail, time: string): Html {
  return html`<div class="mail" role="group" aria-label="Email">
    <dl>
      <dt>From</dt>
      <dd>AWS Notifications</dd>
      <dt>Date</dt>
      <dd>${time}</dd>
      <dt>Subject</dt>
      <dd class="subject">${email.subject}</dd>
    </dl>
    <pre>${email.body}</pre>
  </div>`;
}
