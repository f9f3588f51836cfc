/**
 * A pasted value without what editors, shells, `.env` files and documents put around it: blanks, blank lines, comments, quotes, a
 * variable's name before it, a comma behind it. What is left may still be no value: whoever takes it looks at its form.
 */
export function pastedValue(text: string): string {
  const lines = text
    .replace(invisible, '')
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [only] = lines;
  return lines.length === 1 && only !== undefined ? unwrapped(only) : lines.join('\n');
}

/** Marks of byte order and direction, and spaces without width. */
const invisible = /[\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g;

const around: readonly RegExp[] = [
  // A comment behind it, and what separates it from the next one.
  /^(.+?)\s+#.*$/s,
  /^(.+?)\s*[,;\\]+$/s,
  /^`+(.*?)`+$/s,
  /^[“”„«](.*)[“”»]$/s,
  /^[‘’](.*)[‘’]$/s,
  /^<(.*)>$/s,
  // export NAME=value, NAME=value, $env:NAME = "value", set NAME=value
  /^(?:export\s+|declare\s+-x\s+|set\s+|-e\s+|ENV\s+|\$env:)?[A-Za-z_][\w.-]*\s*=\s*(?!=)(.+)$/is,
  // set -gx NAME value, setx NAME value, ENV NAME value
  /^(?:set\s+-\w+|setx|ENV)\s+[A-Za-z_]\w*\s+(.+)$/is,
  // NAME: value, "name":"value", -H "name: value"
  /^[A-Za-z_][\w-]*:\s+(.+)$/s,
  /^["'][A-Za-z_][\w-]*["']\s*:\s*(.+)$/s,
  /^"(.*)"$/s,
  /^'(.*)'$/s,
  /^-H\s+(.+)$/s,
  /^Bearer\s+(.+)$/is,
];

function unwrapped(text: string): string {
  for (const shape of around) {
    const inner = shape.exec(text)?.[1]?.trim();
    if (inner !== undefined && inner !== '') return unwrapped(inner);
  }
  return text;
}
