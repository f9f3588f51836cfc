import { secretIn } from '../contract/secret-shapes.ts';
import { parsedJson } from '../lambda/foundation/json.ts';

/**
 * A pasted value without what editors, shells, `.env` files, chats and documents put around it: blanks, blank lines, comments, quotes,
 * fences, a variable's name before it, a comma behind it. A key that is broken over lines is put together. What is left may still be no
 * value: whoever takes it looks at its form.
 */
export function pastedValue(text: string): string {
  const lines = text
    .replace(invisible, '')
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && !fence.test(line));
  const whole = lines.join('\n');
  const value = lines.length === 1 ? unwrapped(whole) : (valueInJson(whole) ?? whole);
  const joined = unwrapped(lines.join('')).replace(/\s/g, '');
  return wholeKey.test(joined) ? joined : value;
}

/** Whether it begins as a key and ends too early, as one does that was broken over two lines. */
export function isCutKey(value: string): boolean {
  return /^sk-ant-(?:api03|admin01)-[A-Za-z0-9_-]*$/.test(value) && !wholeKey.test(value);
}

/** As scanners know them (facts of gitleaks); Anthropic promises no length, so no key is refused for another. */
const wholeKey = /^sk-ant-(?:api03|admin01)-[A-Za-z0-9_-]{93}AA$/;

/** Marks of byte order and direction, and spaces without width. */
const invisible = /[\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g;

/** The first and last line of a block of code in Markdown. */
const fence = /^(?:`{3,}|~{3,})[\w-]*$/;

const around: readonly RegExp[] = [
  // A comment behind it, and what separates it from the next one.
  /^(.+?)\s+#.*$/s,
  /^(.+?)\s*[,;\\]+$/s,
  // The end of a sentence; three dots are the hint of a key.
  /^(.*[^.])\.$/s,
  /^`+([^`]+)`*$/s,
  /^[“”„«](.*)[“”»]$/s,
  /^[‘’](.*)[‘’]$/s,
  // An address as chats and Markdown write it: <address|text>, [text](address).
  /^<([^|>]*)(?:\|[^>]*)?>$/s,
  /^\[[^\]]*\]\((.+)\)$/s,
  /^\((.*)\)$/s,
  /^\[(.*)\]$/s,
  // set "NAME=value"
  /^set\s+(".*")$/is,
  // export NAME=value, NAME=value, $env:NAME = "value", set NAME=value
  /^(?:export\s+|declare\s+-x\s+|set\s+|-e\s+|ENV\s+|\$env:)?[A-Za-z_][\w.-]*\s*=\s*(?!=)(.+)$/is,
  // set -gx NAME value, setx NAME value /M, ENV NAME value
  /^(setx\s.+)\s+\/m$/is,
  /^(?:set\s+-\w+|setx(?:\s+\/m)?|ENV)\s+[A-Za-z_]\w*\s+(.+)$/is,
  // NAME: value, "name":"value", -H "name: value"
  /^[A-Za-z_][\w-]*:\s+(.+)$/s,
  /^["'][A-Za-z_][\w-]*["']\s*:\s*(.+)$/s,
  /^"(.*)"$/s,
  /^'(.*)'$/s,
  /^(?:-H|--header)(?:\s+|=)(.+)$/s,
  /^Bearer\s+(.+)$/is,
];

function unwrapped(text: string): string {
  for (const shape of around) {
    const inner = shape.exec(text)?.[1]?.trim();
    if (inner !== undefined && inner !== '') return unwrapped(inner);
  }
  return valueInJson(text) ?? text;
}

/** The one text in a JSON object that looks like a secret, beside ids, names and instants; undefined where there is none, or two. */
function valueInJson(text: string): string | undefined {
  const object = text.startsWith('{') ? parsedJson(text) : undefined;
  const found = new Set(textsIn(object).filter((each) => secretIn(each) !== undefined));
  const [only, ...others] = found;
  return others.length === 0 ? only : undefined;
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return value instanceof Object ? Object.values(value).flatMap(textsIn) : [];
}
