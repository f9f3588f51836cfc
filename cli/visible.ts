/**
 * What a terminal obeys instead of showing it, or shows in another order than it stands: control characters (ESC first of all), marks
 * that turn the direction of text around, and letters without a width. Names of keys, workspaces and models are other people's text.
 */
const unseen = /(?![\t\n\u200c\u200d])[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const escape = '\u001b';
/** The colours of cli/output.ts, and nothing else that begins with ESC. */
const colour = new RegExp(`(${escape}\\[(?:1|2|22|31|32|33|39)m)`);

/** The text with all that cannot be seen written out, as JSON writes it: in JSON it stays the same value. Line breaks and tabs stay. */
export function visible(text: string): string {
  return text.replace(unseen, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** The same for a text that we coloured. */
export function visibleInColour(text: string): string {
  return text
    .split(colour)
    .map((part, index) => (index % 2 === 1 ? part : visible(part)))
    .join('');
}
