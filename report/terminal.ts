import { createColors } from 'picocolors';
import type { SentEmail } from './email.ts';
import { withoutValues } from './markup.ts';
import { cardParts, runsOf, signs, type CardPart, type Run } from './slack-blocks.ts';

export interface TerminalOptions {
  /** Whether colours and bold may be used; without, the text is plain. */
  readonly colour: boolean;
  /** Columns of the whole box, 40 to 100. @default 88 */
  readonly width?: number;
}

/** A Slack message as a box of lines; `time` stands beside the sender. */
export function terminalSlackCard(slack: unknown, time: string, options: TerminalOptions): string {
  const inner = innerWidth(options);
  const paint = paintFor(options);
  const lines = cardParts(slack).flatMap((part, index) => [...(index === 0 ? [] : ['']), ...partLines(part, inner, paint)]);
  return boxed(`Slack: Key Guard, ${clean(time)}`, lines, inner, paint);
}

/** An email as a box of lines; `time` is when it was sent, in words. */
export function terminalEmail(email: SentEmail, time: string, options: TerminalOptions): string {
  const inner = innerWidth(options);
  const paint = paintFor(options);
  const subject = wrapped([{ style: 'bold', text: `Subject: ${email.subject}` }], inner, paint);
  const body = email.body.trimEnd().split('\n');
  const bodyLines = body.flatMap((line) => (columnsOf(clean(line)) <= inner ? [clean(line)] : pieces(clean(line), inner)));
  return boxed(`Email: ${clean(time)}`, [...subject, '', ...bodyLines], inner, paint);
}

type Paint = Readonly<Record<Run['style'] | 'faint' | 'red' | 'yellow' | 'green', (text: string) => string>>;

function paintFor({ colour }: TerminalOptions): Paint {
  const colours = createColors(colour);
  return {
    plain: (text) => text,
    bold: colours.bold,
    italic: colours.italic,
    code: colours.cyan,
    link: colours.underline,
    faint: colours.dim,
    red: colours.red,
    yellow: colours.yellow,
    green: colours.green,
  };
}

function innerWidth({ width = 88 }: TerminalOptions): number {
  return Math.min(100, Math.max(40, width)) - 4;
}

function partLines(part: CardPart, width: number, paint: Paint): readonly string[] {
  switch (part.part) {
    case 'header':
      return headerLines(part.text, width, paint);
    case 'text':
      return part.text.split('\n').flatMap((line) => wrapped(runsOf(line), width, paint));
    case 'fields':
      return fieldLines(part.fields, width, paint);
    case 'context':
      return part.texts.flatMap((text) => wrapped(runsOf(text), width, paint));
    case 'divider':
      return [paint.faint('-'.repeat(width))];
  }
}

/** The sign in front becomes a coloured dot; elsewhere short names stay as they are. */
function headerLines(text: string, width: number, paint: Paint): readonly string[] {
  const [first = '', ...rest] = text.split(' ');
  const sign = signs[first];
  if (sign === undefined) return wrapped([{ style: 'bold', text }], width, paint);
  return wrapped([{ style: 'bold', text: rest.join(' ') }], width - 2, paint).map(
    (line, index) => `${index === 0 ? paint[sign]('●') : ' '} ${line}`,
  );
}

/** Two columns, label above value, as Slack does. */
function fieldLines(fields: readonly string[], width: number, paint: Paint): readonly string[] {
  const column = Math.floor((width - 2) / 2);
  const cells = fields.map((field) => field.split('\n').flatMap((line) => wrapped(runsOf(line), column, paint)));
  const lines: string[] = [];
  for (let index = 0; index < cells.length; index += 2) {
    const [left = [], right = []] = cells.slice(index, index + 2);
    for (let row = 0; row < Math.max(left.length, right.length); row += 1) {
      lines.push(`${padded(left[row] ?? '', column)}  ${right[row] ?? ''}`.trimEnd());
    }
  }
  return lines;
}

/** Fills lines of `width` columns with whole words; a word longer than that is cut. Runs keep or lack the blank between them. */
function wrapped(runs: readonly Run[], width: number, paint: Paint): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let blank = false;
  for (const { style, text } of runs) {
    for (const token of clean(text).split(/(\s+)/)) {
      if (token.trim() === '') {
        blank ||= token !== '';
        continue;
      }
      for (const piece of pieces(token, width)) {
        const gap = blank && line !== '' ? ' ' : '';
        if (columnsOf(line + gap + piece) > width) {
          lines.push(line);
          line = paint[style](piece);
        } else {
          line += gap + paint[style](piece);
        }
        blank = false;
      }
    }
  }
  return [...lines, line];
}

function boxed(title: string, lines: readonly string[], inner: number, paint: Paint): string {
  const head = pieces(title, inner - 2)[0] ?? '';
  const top = `╭─ ${head} ${'─'.repeat(Math.max(0, inner - columnsOf(head) - 1))}╮`;
  const bottom = `╰${'─'.repeat(inner + 2)}╯`;
  const side = paint.faint('│');
  return [paint.faint(top), ...lines.map((line) => `${side} ${padded(line, inner)} ${side}`), paint.faint(bottom)].join('\n');
}

function padded(line: string, width: number): string {
  return line + ' '.repeat(Math.max(0, width - columnsOf(line)));
}

function pieces(text: string, width: number): readonly string[] {
  const cut: string[] = [];
  let piece = '';
  for (const sign of text) {
    if (columnsOf(piece + sign) > width) {
      cut.push(piece);
      piece = '';
    }
    piece += sign;
  }
  return piece === '' ? cut : [...cut, piece];
}

/** Nothing from outside may move the cursor or colour the screen, nor show a value. */
function clean(text: string): string {
  return withoutValues(text).replace(/[\p{Cc}\p{Cf}]/gu, ' ');
}

// eslint-disable-next-line no-control-regex -- our own colour codes take no columns
const codes = /\u001b\[[0-9;]*m/g;
const wide = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/gu;

function columnsOf(text: string): number {
  const bare = text.replace(codes, '').replace(/\p{M}/gu, '');
  return Array.from(bare).length + (bare.match(wide)?.length ?? 0);
}
