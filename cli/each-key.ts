import type { ManagedKeyDefinition } from '../contract/policy.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import type { CliIo } from './command.ts';
import { failureOf } from './failure.ts';

/** A managed key that could not be looked at. */
export interface UnreadKey {
  readonly name: string;
  readonly error: KeyguardError;
}

/**
 * Looks at each managed key: one whose secret is gone does not hide the others. Throws the error of the first where none could be
 * looked at.
 */
export async function eachKey<T>(
  definitions: readonly ManagedKeyDefinition[],
  look: (definition: ManagedKeyDefinition) => Promise<T>,
): Promise<{ readonly read: readonly T[]; readonly unread: readonly UnreadKey[] }> {
  const read: T[] = [];
  const unread: UnreadKey[] = [];
  for (const definition of definitions) {
    try {
      read.push(await look(definition));
    } catch (error) {
      if (!(error instanceof KeyguardError)) throw error;
      unread.push({ name: definition.name, error });
    }
  }
  if (unread[0] !== undefined && read.length === 0) throw unread[0].error;
  return { read, unread };
}

/** `it could not be looked at: no secret arn:…: what to do` */
export function unreadText({ error }: UnreadKey): string {
  const { message, fix } = failureOf(error);
  return `it could not be looked at: ${message}: ${fix}`;
}

/** Ends a command that has answered for the others; does nothing where all could be looked at. */
export function failUnread(unread: readonly UnreadKey[], io: CliIo): void {
  const [first, ...others] = unread;
  if (first === undefined) return;
  const { message, fix } = failureOf(first.error);
  const also = others.length === 0 ? '' : `; nor could ${others.map(({ name }) => name).join(', ')}`;
  io.fail(`${first.name} could not be looked at: ${message}${also}`, fix, 1);
}
