interface Coded {
  readonly code: string;
}

/** The sentence of one code; where data belongs to it, made of that. */
type Text<C extends Coded, K extends string> = string | ((cause: C & { readonly code: K }) => string);

/** The sentences of each code of a cause: the compiler asks for all of them. */
export type Texts<C extends Coded> = { readonly [K in C['code']]: Text<C, K> };

/** @sentence */
export function textOf<C extends Coded>(cause: C & { readonly code: C['code'] }, texts: Texts<C>): string {
  const text: Text<C, C['code']> = texts[cause.code];
  return typeof text === 'string' ? text : text(cause);
}
