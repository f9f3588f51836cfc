import type { ApiKeyRecord } from '../../../contract/records.ts';
import type { Item } from './table.ts';

/** Fields of an API key's record that the code has found better names for. The table keeps the names that it always had. */
const storedNames = {
  claimBlockedUntil: 'restsUntil',
  lateActivationUntil: 'mayWakeUntil',
  verifiedInactiveAt: 'parkedAt',
  reactivatedAt: 'wokenAt',
  undoRequest: 'wanted',
  revokeRequest: 'noGrace',
} as const satisfies Partial<Record<keyof ApiKeyRecord, string>>;

const codeNames: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(storedNames).map(([name, stored]) => [stored, name]));

/** A record with the names that the table has for its fields. */
export function asStored(record: ApiKeyRecord): Item {
  return renamed(record, storedNames);
}

/** An item of the table with the names that the code has for its fields. */
export function asInCode(item: Item): Item {
  return renamed(item, codeNames);
}

function renamed(fields: object, names: Readonly<Record<string, string>>): Item {
  return Object.fromEntries(Object.entries(fields).map(([name, value]: [string, unknown]) => [names[name] ?? name, value]));
}
