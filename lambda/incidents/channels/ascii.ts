/** What typesetting makes of a sign, back. */
const spelled: readonly (readonly [RegExp, string])[] = [
  [/[\u2018\u2019\u201a]/g, "'"],
  [/[\u201c-\u201e\u00ab\u00bb]/g, '"'],
  [/[\u2010-\u2015\u2212]/g, '-'],
  [/\u2026/g, '...'],
];

/** Letters that are no Latin letter with an accent. */
const letters = new Map(
  Object.entries({
    'ß æ ø ł đ þ ð œ ı': 'ss ae o l d th d oe i',
    // Cyrillic
    'а б в г д е ж з и й к л м н о п р с т у ф х ц ч ш щ ъ ы ь э ю я і ї є ґ':
      'a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya i i ye g',
    'α β γ δ ε ζ η θ ι κ λ μ ν ξ ο π ρ σ ς τ υ φ χ ψ ω': 'a v g d e z i th i k l m n x o p r s s t y f ch ps o',
  }).flatMap(([from, to]) => {
    const latin = to.split(' ');
    return from.split(' ').map((letter, index) => [letter, latin[index]?.replace('_', '') ?? ''] as const);
  }),
);

/**
 * The text as one line of ASCII. Latin letters lose their accents, Cyrillic and Greek ones are spelled in Latin; what has no such form,
 * such as a word in Chinese, becomes `(...)`: whoever reads it sees that something stands there.
 */
export function ascii(text: string): string {
  const latin = Array.from(
    spelled.reduce((done, [pattern, by]) => done.replace(pattern, by), text.normalize('NFKD')),
    latinOf,
  ).join('');
  return latin
    .replace(/[\p{M}\p{Cf}]+/gu, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/[^\x20-\x7e]+(?: *[^\x20-\x7e]+)*/gu, '(...)')
    .replace(/ +/g, ' ')
    .trim();
}

function latinOf(sign: string): string {
  const small = sign.toLowerCase();
  const found = letters.get(small);
  if (found === undefined) return sign;
  return sign === small ? found : found.charAt(0).toUpperCase() + found.slice(1);
}
