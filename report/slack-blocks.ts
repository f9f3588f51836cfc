/** A Slack message read for drawing: what is not of these forms is left out, whatever it claims to be. */
export type CardPart =
  | { readonly part: 'header'; readonly text: string }
  | { readonly part: 'text'; readonly text: string }
  | { readonly part: 'fields'; readonly fields: readonly string[] }
  | { readonly part: 'context'; readonly texts: readonly string[] }
  | { readonly part: 'divider' };

/** Takes a whole message (`{text, blocks}`) or its blocks. */
export function cardParts(slack: unknown): readonly CardPart[] {
  const blocks = Array.isArray(slack) ? slack : member(slack, 'blocks');
  return Array.isArray(blocks) ? blocks.flatMap((block: unknown) => partsOf(block)) : [];
}

function partsOf(block: unknown): readonly CardPart[] {
  switch (member(block, 'type')) {
    case 'header':
      return textOf(member(block, 'text')).map((text) => ({ part: 'header', text }));
    case 'section': {
      const fields = member(block, 'fields');
      const shown = Array.isArray(fields) ? fields.flatMap((field: unknown) => textOf(field)) : [];
      return [
        ...textOf(member(block, 'text')).map((text) => ({ part: 'text', text }) as const),
        ...(shown.length === 0 ? [] : [{ part: 'fields', fields: shown } as const]),
      ];
    }
    case 'context': {
      const elements = member(block, 'elements');
      return Array.isArray(elements) ? [{ part: 'context', texts: elements.flatMap((element: unknown) => textOf(element)) }] : [];
    }
    case 'divider':
      return [{ part: 'divider' }];
    default:
      return [];
  }
}

function textOf(element: unknown): readonly string[] {
  const text = member(element, 'text');
  return typeof text === 'string' ? [text] : [];
}

function member(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
}

/** One stretch of Slack's mrkdwn. */
export interface Run {
  readonly style: 'plain' | 'bold' | 'italic' | 'code' | 'link';
  readonly text: string;
  /** Of a link; http and https only. */
  readonly url?: string;
}

const marks = /`([^`\n]+)`|(?<![\w*])\*([^*\n]+)\*(?![\w*])|(?<![\w_])_([^_\n]+)_(?![\w_])|<(https?:\/\/[^|>\s]+)(?:\|([^>]+))?>/g;

/** Bold, italic, code and links, as docs.slack.dev/messaging/formatting-message-text describes them; entities are resolved. */
export function runsOf(mrkdwn: string): readonly Run[] {
  const runs: Run[] = [];
  let from = 0;
  for (const match of mrkdwn.matchAll(marks)) {
    if (match.index > from) runs.push({ style: 'plain', text: resolved(mrkdwn.slice(from, match.index)) });
    runs.push(runOf(match));
    from = match.index + match[0].length;
  }
  if (from < mrkdwn.length) runs.push({ style: 'plain', text: resolved(mrkdwn.slice(from)) });
  return runs;
}

function runOf([, code, bold, italic, url, label]: RegExpExecArray): Run {
  if (code !== undefined) return { style: 'code', text: resolved(code) };
  if (bold !== undefined) return { style: 'bold', text: resolved(bold) };
  if (italic !== undefined) return { style: 'italic', text: resolved(italic) };
  return { style: 'link', text: resolved(label ?? url ?? ''), url: resolved(url ?? '') };
}

function resolved(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** Slack's short names that our cards use: what the sign is, and its colour. */
export const signs: Readonly<Record<string, 'red' | 'yellow' | 'green'>> = {
  ':red_circle:': 'red',
  ':large_yellow_circle:': 'yellow',
  ':large_green_circle:': 'green',
};
