import type { Alert } from '../../../contract/alert.ts';
import { sinceWhen } from '../message/phrases.ts';

/** Plain text, as SNS sends it. */
export interface EmailText {
  /** ASCII, no line break, at most 99 characters. */
  readonly subject: string;
  /** Lines of at most 78 columns, except an address that must stay in one piece. */
  readonly body: string;
}

/** SNS: "no line breaks or control characters, and less than 100 characters long" (API reference, Publish, Subject). */
const subjectLimit = 99;
/** RFC 5322, section 2.1.1. */
const columns = 78;
const labelLimit = 24;

/**
 * The email of an alert. There is no `deliver` here: email leaves by SNS, where one publish carries both this text (as
 * `email` of a message with MessageStructure `json`) and the alert's JSON (as `default`).
 */
export function render(alert: Alert): EmailText {
  const opened = Date.parse(alert.openedAt);
  return {
    subject: shortened(ascii(`[${alert.severity.toUpperCase()}] ${alert.title}`), subjectLimit),
    body: [
      ...wrapped(alert.title),
      '',
      ...wrapped(`${alert.severity.toUpperCase()}, ${alert.state}, incident opened ${sinceWhen(opened, Date.parse(alert.at))}`),
      '',
      ...wrapped(alert.summary),
      ...heading('What to do now'),
      ...alert.actions.flatMap((action, index) => wrapped(action, `  ${index + 1}. `)),
      ...heading('Facts'),
      ...factLines(alert.facts),
      ...(alert.links.length === 0 ? [] : heading('Links')),
      ...alert.links.flatMap(({ label, url }) => [...wrapped(`${label}:`, '  '), `  ${ascii(url)}`]),
      '',
      '-- ',
      ...wrapped(`Anthropic Key Guard, installation ${alert.installation}`),
      ...wrapped(`Incident ${alert.incidentId} (${alert.kind})`),
      '',
    ].join('\n'),
  };
}

function heading(text: string): readonly string[] {
  return ['', text, '-'.repeat(text.length)];
}

function factLines(facts: Alert['facts']): readonly string[] {
  const rows = facts.map(({ label, value }) => ({ label: shortened(ascii(label), labelLimit), value }));
  const width = Math.max(0, ...rows.map(({ label }) => label.length));
  return rows.flatMap(({ label, value }) => wrapped(value, `  ${label.padEnd(width)}  `));
}

/** Fills lines up to the limit; lines after the first are indented under the first one's text. */
function wrapped(text: string, first = ''): readonly string[] {
  const lines: string[] = [];
  const hang = ' '.repeat(Math.min(first.length, columns / 2));
  let line = first;
  let filled = false;
  for (const word of ascii(text)
    .split(' ')
    .flatMap((word) => pieces(word, columns - hang.length))) {
    if (filled && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = hang;
      filled = false;
    }
    line += filled ? ` ${word}` : word;
    filled = true;
  }
  return [...lines, line.trimEnd()];
}

/** A word longer than a line is cut: only addresses in `links` may be longer. */
function pieces(word: string, length: number): readonly string[] {
  const cut: string[] = [];
  for (let start = 0; start < word.length; start += length) cut.push(word.slice(start, start + length));
  return cut;
}

const spelled: readonly (readonly [RegExp, string])[] = [
  [/[\u2018\u2019]/g, "'"],
  [/[\u201c\u201d]/g, '"'],
  [/[\u2010-\u2015]/g, '-'],
  [/\u2026/g, '...'],
  [/\s+/g, ' '],
];

/** Letters lose their accents; what has no ASCII form becomes `?`. */
function ascii(text: string): string {
  const replaced = spelled.reduce((done, [pattern, by]) => done.replace(pattern, by), text.normalize('NFKD'));
  return replaced
    .replace(/\p{M}+/gu, '')
    .replace(/[^\x20-\x7e]/gu, '?')
    .trim();
}

function shortened(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 3).trimEnd()}...`;
}
