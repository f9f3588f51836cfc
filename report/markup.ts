/** HTML that is safe to stand in a page: made by `html` only. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | readonly Html[];

/** Builds HTML; every string that is put in is escaped, only `Html` goes in as it is. */
export function html(fixed: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(fixed.reduce((done, piece, index) => done + shown(parts[index - 1]) + piece));
}

export const nothing = new Html('');

function shown(part: Part | undefined): string {
  if (part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'object') return part.map(({ text }) => text).join('');
  return escaped(String(part));
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For text and quoted attributes. Anything that begins like a credential is taken out: a report is passed around (I4). */
function escaped(text: string): string {
  return withoutValues(text)
    .replace(/\p{Cc}/gu, (sign) => (sign === '\n' || sign === '\t' ? sign : ' '))
    .replace(/[&<>"']/g, (sign) => entities[sign] ?? '');
}

/** Keys, tokens and webhook addresses replaced by a word, even where only their beginning or Anthropic's hint stands. */
export function withoutValues(text: string): string {
  return text.replace(/sk-ant-[A-Za-z0-9_.-]*/g, '[key]').replace(/(https?:\/\/)?hooks\.slack\.com[^\s"'<>]*/g, '[webhook]');
}

/** Data for a script element: no string in it can end the element. */
export function jsonFor(data: unknown): Html {
  const text = withoutValues(JSON.stringify(data)).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new Html(text);
}
