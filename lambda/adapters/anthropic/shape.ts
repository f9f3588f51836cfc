import { KeyguardError } from '../../foundation/errors.ts';

/** Reads the fields of a foreign answer, and throws KeyguardError `answer-malformed` that names the field which is not as documented. */

export function fieldOf(holder: unknown, name: string): unknown {
  return holder instanceof Object ? Reflect.get(holder, name) : undefined;
}

export function textOf(holder: unknown, name: string): string | undefined {
  const value = fieldOf(holder, name);
  return typeof value === 'string' ? value : undefined;
}

export function listIn(operation: string, holder: unknown, name: string): readonly unknown[] {
  const value = fieldOf(holder, name);
  if (Array.isArray(value)) return value;
  throw malformed(operation, name);
}

export function malformed(operation: string, field: string): KeyguardError {
  return new KeyguardError(
    'answer-malformed',
    `${operation}: the field ${field} of Anthropic's answer is missing, or is not as documented`,
    'nothing was changed, and the same is asked again; if it lasts, look for a newer version of Key Guard in CHANGELOG.md',
  );
}
