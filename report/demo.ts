import type { DemoAlert, DemoReport } from './demo-data.ts';
import { keySection, toneOf } from './demo-key.ts';
import { emailStyles, emailView } from './email.ts';
import { headlineOf, theftsOf } from './headline.ts';
import { counted } from '../lambda/foundation/counted.ts';
import { count, date, elapsed, lasting, moment } from './instants.ts';
import { lifecycleStyles } from './lifecycle.ts';
import { html, withoutValues, type Html } from './markup.ts';
import { pageOf } from './page.ts';
import { plotParts } from './plot.ts';
import { slackCard, slackStyles } from './slack-card.ts';

export type { DemoReport } from './demo-data.ts';

/** The demo's report: one HTML file that needs nothing else. All text is escaped; nothing in it begins like a credential. */
export function demoReport(data: DemoReport): string {
  const parts = plotParts();
  return pageOf({
    title: withoutValues(`Key Guard demo, seed ${data.seed}`),
    styles: [...parts.styles, lifecycleStyles, slackStyles, emailStyles],
    scripts: parts.scripts,
    body: html`${top(data)}
      <main>
        ${figures(data)} ${promises(data)}
        <h2 id="keys">Usage and keys</h2>
        ${data.keys.map((key) => keySection(key, data))}
        <h2 id="timeline">Timeline</h2>
        ${timeline(data)}
        <h2 id="messages">What people received</h2>
        ${messages(data)}
        <h2 id="consumers">Requests</h2>
        ${consumers(data)}
      </main>
      ${bottom(data)}`,
  });
}

function top(data: DemoReport): Html {
  return html`<header class="top">
    <p class="kicker">Anthropic Key Guard ${data.version} | demo on the local world | ${date(data.from)} to ${date(data.to)}, UTC</p>
    <h1>${headlineOf(data)}</h1>
    <p class="soft">
      ${counted(data.keys.length, 'managed key')}, ${lasting(data.to - data.from)} of traffic ${data.traffic}, seed ${data.seed}.
    </p>
    <nav class="contents" aria-label="Contents">
      <a href="#promises">Promises</a><a href="#keys">Usage and keys</a><a href="#timeline">Timeline</a><a href="#messages">Messages</a
      ><a href="#consumers">Requests</a>
    </nav>
  </header>`;
}

function figures(data: DemoReport): Html {
  return html`<ul class="figures">
    ${data.figures.map(
      ({ label, value, note }) =>
        html`<li>
          <span class="value">${value}</span
          ><span class="label">${label}</span>${note === undefined ? html`` : html`<span class="note">${note}</span>`}
        </li>`,
    )}
  </ul>`;
}

function promises(data: DemoReport): Html {
  const broken = data.invariants.filter(({ held }) => !held).length;
  const verdict = broken === 0 ? `All ${data.invariants.length} held.` : `${counted(broken, 'promise')} broken.`;
  return html`<h2 id="promises">Promises</h2>
    <p class="${broken === 0 ? 'good' : 'bad'}">${verdict}</p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Promise</th>
            <th scope="col">Held</th>
            <th scope="col">What was checked</th>
          </tr>
        </thead>
        <tbody>
          ${data.invariants.map(
            ({ id, promise, held, detail }) =>
              html`<tr>
                <td><strong>${id}</strong> ${promise}</td>
                <td>${held ? html`<span class="mark good">held</span>` : html`<span class="mark bad">broken</span>`}</td>
                <td class="soft">${detail}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function timeline(data: DemoReport): Html {
  const events = [...data.events].sort((a, b) => a.at - b.at);
  return html`<div class="scroll">
    <table class="timeline">
      <caption>
        Times are UTC; the second column counts from the start.
      </caption>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">After</th>
          <th scope="col">What</th>
          <th scope="col">Key</th>
          <th scope="col">How</th>
        </tr>
      </thead>
      <tbody>
        ${events.map(
          ({ at, subject, kind, text }) =>
            html`<tr>
              <td class="when">${moment(at)}</td>
              <td class="when soft">${elapsed(at - data.from)}</td>
              <td><span class="mark ${toneOf(kind)}">${kind}</span></td>
              <td>${subject}</td>
              <td>${text}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Each message as Slack and a mail program show it; the first one about a theft stands open. */
function messages(data: DemoReport): Html {
  if (data.alerts.length === 0) return html`<p class="soft">No message was sent.</p>`;
  const stolen = new Set(theftsOf(data).map(({ subject }) => subject));
  const sorted = [...data.alerts].sort((a, b) => a.at - b.at);
  const main = sorted.find(({ alert }) => stolen.has(alert.subject)) ?? sorted[0];
  return html`<p class="soft small">${counted(sorted.length, 'message')}, each sent once to Slack and once by email.</p>
    ${sorted.map((sent) => message(sent, sent === main ? ' open' : ''))}`;
}

const severityTones = { critical: 'bad', warning: 'warn', info: 'good' } as const;

function message({ at, alert, email, slack }: DemoAlert, open: '' | ' open'): Html {
  return html`<details class="message" ${open}>
    <summary>
      <span class="when">${moment(at)}</span><span class="mark ${severityTones[alert.severity]}">${alert.severity}</span
      ><span>${alert.title}</span>
    </summary>
    <div class="pair">
      <div>
        <h4>Slack</h4>
        ${slackCard(slack, moment(at).slice(-5))}
      </div>
      <div>
        <h4>Email</h4>
        ${emailView(email, `${moment(at)} UTC`)}
      </div>
    </div>
  </details>`;
}

function consumers(data: DemoReport): Html {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Consumer</th>
          <th scope="col" class="number">Requests</th>
          <th scope="col" class="number">Over HTTP</th>
          <th scope="col" class="number">Failures</th>
          <th scope="col">Causes</th>
        </tr>
      </thead>
      <tbody>
        ${data.consumers.map(
          ({ name, requests, overHttp, failures }) =>
            html`<tr>
              <td>${name}</td>
              <td class="number">${count.format(requests)}</td>
              <td class="number">${count.format(overHttp)}</td>
              <td class="number">${count.format(failures.reduce((sum, failure) => sum + failure.count, 0))}</td>
              <td>${failures.map((failure) => `${failure.count} ${failure.cause}`).join(', ')}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function bottom(data: DemoReport): Html {
  return html`<footer>
    The run took ${data.tookSeconds.toFixed(1)} seconds. Everything happened on this machine: no account, no key, no network.
  </footer>`;
}
