import type { Alert } from '../../../contract/alert.ts';
import { sinceWhen } from '../message/phrases.ts';
import { ascii } from './ascii.ts';

/** Plain text, as SNS sends it. */
export interface EmailText {
  /** ASCII, no line break, at most 99 characters. */
  readonly subject: string;
  /** UTF-8, in lines of at most 78 characters, except an address that must stay in one piece. */
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
      ...alert.links.flatMap(({ label, url }) => [...wrapped(`${label}:`, '  '), `  ${oneLine(url)}`]),
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
  const rows = facts.map(({ label, value }) => ({ label: shortened(oneLine(label), labelLimit), value }));
  const width = Math.max(0, ...rows.map(({ label }) => lengthOf(label)));
  return rows.flatMap(({ label, value }) => wrapped(value, `  ${label}${' '.repeat(width - lengthOf(label))}  `));
}

/** Fills lines up to the limit; lines after the first are indented under the first one's text. */
function wrapped(text: string, first = ''): readonly string[] {
  const lines: string[] = [];
  const hang = ' '.repeat(Math.min(first.length, columns / 2));
  let line = first;
  let filled = false;
  for (const word of oneLine(text)
    .split(' ')
    .flatMap((word) => pieces(word, columns - hang.length))) {
    if (filled && lengthOf(line) + 1 + lengthOf(word) > columns) {
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
  const signs = Array.from(word);
  const cut: string[] = [];
  for (let start = 0; start < signs.length; start += length) cut.push(signs.slice(start, start + length).join(''));
  return cut;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}

function shortened(text: string, limit: number): string {
  const signs = Array.from(text);
  return signs.length <= limit
    ? text
    : `${signs
        .slice(0, limit - 3)
        .join('')
        .trimEnd()}...`;
}

/** One line without what nobody sees: control characters, and those that turn the direction of text. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
