import { html, nothing, type Html } from './markup.ts';
import { cardParts, runsOf, signs, type CardPart, type Run } from './slack-blocks.ts';

/** Slack's own colours, so that the card looks as it would there, by day and by night. */
export const slackStyles = `
.slack { --s-ground: #ffffff; --s-ink: #1d1c1d; --s-soft: #616061; --s-line: #dddddd; --s-link: #1264a3; --s-code: #c01343; --s-code-ground: #f6f6f6;
  background: var(--s-ground); color: var(--s-ink); border: 1px solid var(--s-line); border-radius: 8px; padding: 0.9rem 1rem;
  font: 15px/1.46 Lato, "Helvetica Neue", system-ui, "Segoe UI", Roboto, Arial, sans-serif; display: grid; grid-template-columns: 36px minmax(0, 1fr); gap: 0 0.6rem; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { :root:not(.paper) .slack { --s-ground: #1a1d21; --s-ink: #d1d2d3; --s-soft: #ababad; --s-line: #35373b; --s-link: #1d9bd1; --s-code: #e8912d; --s-code-ground: #222529; } }
@media print { :root .slack { --s-ground: #ffffff; --s-ink: #1d1c1d; --s-soft: #616061; --s-line: #dddddd; --s-link: #1264a3; --s-code: #c01343; --s-code-ground: #f6f6f6; } }
.slack .face { width: 36px; height: 36px; border-radius: 8px; background: #3a4a63; color: #ffffff; display: grid; place-items: center; font-weight: 700; font-size: 14px; }
.slack .who { font-weight: 700; } .slack .app { font-size: 10px; font-weight: 700; color: var(--s-soft); background: var(--s-code-ground); border-radius: 2px; padding: 1px 3px; margin: 0 0.35em; vertical-align: 1px; }
.slack .time { font-size: 12px; color: var(--s-soft); }
.slack .head { font-size: 18px; line-height: 1.33; font-weight: 700; margin: 0.4rem 0 0.5rem; }
.slack .body { margin: 0 0 0.6rem; white-space: pre-line; }
.slack .pairs { display: grid; grid-template-columns: repeat(auto-fit, minmax(max(8.5rem, 40%), 1fr)); gap: 0.5rem 1rem; margin: 0 0 0.6rem; }
.slack .pairs div { white-space: pre-line; }
.slack .foot { font-size: 13px; color: var(--s-soft); margin: 0; } .slack hr { border: 0; border-top: 1px solid var(--s-line); margin: 0.6rem 0; }
.slack a { color: var(--s-link); text-decoration: none; }
.slack code { color: var(--s-code); background: var(--s-code-ground); border: 1px solid var(--s-line); border-radius: 3px; padding: 1px 3px; font-size: 12px; }
.slack .sign { display: inline-block; width: 0.85em; height: 0.85em; border-radius: 50%; vertical-align: -0.06em; margin-right: 0.15em; }
.slack .sign.red { background: #dd2e44; } .slack .sign.yellow { background: #e9b93b; } .slack .sign.green { background: #5da847; }
`;

/** A Slack message as it would look there; `time` stands beside the sender, such as `14:21`. */
export function slackCard(slack: unknown, time: string): Html {
  return html`<div class="slack" role="group" aria-label="Slack message">
    <div class="face" aria-hidden="true">KG</div>
    <div>
      <div><span class="who">Key Guard</span><span class="app">APP</span><span class="time">${time}</span></div>
      ${cardParts(slack).map(drawn)}
    </div>
  </div>`;
}

function drawn(part: CardPart): Html {
  switch (part.part) {
    case 'header':
      return html`<div class="head">${withSigns(part.text)}</div>`;
    case 'text':
      return html`<div class="body">${styled(part.text)}</div>`;
    case 'fields':
      return html`<div class="pairs">${part.fields.map((field) => html`<div>${styled(field)}</div>`)}</div>`;
    case 'context':
      return html`<p class="foot">${part.texts.map((text) => styled(text))}</p>`;
    case 'divider':
      return html`<hr />`;
  }
}

function withSigns(text: string): readonly Html[] {
  return text.split(/(:[a-z_]+:)/).map((piece) => {
    const colour = signs[piece];
    return colour === undefined ? html`${piece}` : html`<span class="sign ${colour}"></span>`;
  });
}

function styled(mrkdwn: string): Html {
  return html`${runsOf(mrkdwn).map(element)}`;
}

function element(run: Run): Html {
  switch (run.style) {
    case 'plain':
      return html`${run.text}`;
    case 'bold':
      return html`<strong>${run.text}</strong>`;
    case 'italic':
      return html`<em>${run.text}</em>`;
    case 'code':
      return html`<code>${run.text}</code>`;
    case 'link':
      return run.url === undefined ? nothing : html`<a href="${run.url}" rel="noreferrer noopener">${run.text}</a>`;
  }
}
