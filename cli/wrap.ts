/** Narrower than this nothing is gained. */
const narrowest = 40;
/** The colours of cli/output.ts take no room. */
const escape = '\u001b';
const colour = new RegExp(`${escape}\\[\\d+m`, 'g');

/**
 * Each line of the text broken between words, so that it fits into `width` columns. What follows hangs under the last column that the
 * line begins with (two blanks end a column), or two further than the line itself. A word that is too long stays whole: somebody may
 * copy it.
 */
export function wrapped(text: string, width: number): string {
  if (width < narrowest) return text;
  return text
    .split('\n')
    .map((line) => (room(line) <= width ? line : broken(line, width)))
    .join('\n');
}

function broken(line: string, width: number): string {
  const indent = ' '.repeat(hangsAt(line, width));
  // The blanks before a word belong to it, so that columns stay where they are.
  const [first = '', ...words] = line.match(/\s*\S+/g) ?? [];
  const lines = [first];
  for (const word of words) {
    const last = lines.at(-1) ?? '';
    if (room(last + word) <= width) lines[lines.length - 1] = last + word;
    else lines.push(indent + word.trimStart());
  }
  return lines.join('\n');
}

function hangsAt(line: string, width: number): number {
  const plain = line.replace(colour, '');
  const columns = [...plain.matchAll(/\S {2,}(?=\S)/g)].map((gap) => gap.index + gap[0].length);
  const last = columns.at(-1);
  return last !== undefined && last <= width / 2 ? last : plain.search(/\S/) + 2;
}

function room(text: string): number {
  return Array.from(text.replace(colour, '')).length;
}
