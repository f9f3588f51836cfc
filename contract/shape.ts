/** What a value must be. It carries the type, so that type and check are written once. */
export type Check<T> = (value: unknown) => value is T;

/** Of a field that may be absent. */
type Optional<T> = Check<T | undefined> & { readonly isOptional: true };

/** What each field of an object must be. Fields that are not named may be there, and stay. */
export type Fields = Readonly<Record<string, Check<unknown>>>;

type TypeOf<C> = C extends (value: unknown) => value is infer T ? T : never;
type Each<F> = { readonly [K in keyof F]: Exclude<TypeOf<F[K]>, undefined> };
type OptionalIn<F> = { [K in keyof F]: F[K] extends { readonly isOptional: true } ? K : never }[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };

/** The type of an object with these fields. What the documentation of a field says holds for the property, too. */
export type Data<F extends Fields> = Flat<Each<Pick<F, Exclude<keyof F, OptionalIn<F>>>> & Partial<Each<Pick<F, OptionalIn<F>>>>>;

export function fits<F extends Fields>(value: unknown, fields: F): value is Data<F> {
  return value instanceof Object && Object.entries(fields).every(([name, check]) => check(Reflect.get(value, name)));
}

export const text: Check<string> = (value) => typeof value === 'string';
export const number: Check<number> = (value): value is number => typeof value === 'number' && Number.isFinite(value);
export const flag: Check<boolean> = (value) => typeof value === 'boolean';
/** A fact that is only ever noted where it is so. */
export const mark: Check<true> = (value): value is true => typeof value === 'boolean';
export const versionOne: Check<1> = (value) => value === 1;

export function oneOf<const T extends string>(words: readonly T[]): Check<T> {
  return (value): value is T => words.some((word) => word === value);
}

/** One of these words, or one that only a later version knows. */
export function wordOf<T extends string>(): Check<T> {
  return (value): value is T => typeof value === 'string';
}

export function optional<T>(check: Check<T>): Optional<T> {
  const isAbsentOr = (value: unknown): value is T | undefined => value === undefined || check(value);
  return Object.assign(isAbsentOr, { isOptional: true } as const);
}

export function orNull<T>(check: Check<T>): Check<T | null> {
  return (value): value is T | null => value === null || check(value);
}

export function list<T>(check: Check<T>): Check<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(check);
}

export function each<T>(check: Check<T>): Check<Readonly<Record<string, T>>> {
  return (value): value is Readonly<Record<string, T>> => value instanceof Object && Object.values(value).every(check);
}

export function shaped<F extends Fields>(fields: F): Check<Data<F>> {
  return (value): value is Data<F> => fits(value, fields);
}
