import { createHash } from 'node:crypto';
import type { Definitions } from '../../contract/policy.ts';

/** Of what the definitions say: neither the order of managed keys nor that of fields matters. */
export function definitionsDigest(definitions: Definitions): string {
  const managedKeys = [...definitions.managedKeys].sort((a, b) => a.name.localeCompare(b.name));
  return createHash('sha256')
    .update(canonical({ ...definitions, managedKeys }))
    .digest('hex')
    .slice(0, 32);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    field instanceof Object && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
