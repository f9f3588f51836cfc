import { managedKeysOf, type Definitions } from '../../../contract/policy.ts';
import { isArnOf, type Home } from '../../../contract/names.ts';
import type { ApiKeyLedger, KeyDirectory } from '../../rotation/ports.ts';
import { removedDefinition, removedKeys } from '../../rotation/removed.ts';

/**
 * The managed keys as deployed with the code, and those that were removed while a key of theirs may still work. Only the former
 * rotate: a secret of another account, Region or name is none of theirs.
 */
export function keyDirectory(definitions: Definitions, home: Home | undefined, ledger: Pick<ApiKeyLedger, 'all'>): KeyDirectory {
  const managedKeys = managedKeysOf(definitions);
  const configured = new Set(managedKeys.map(({ name }) => name));
  return {
    async all() {
      const removed = removedKeys(await ledger.all(), configured);
      return [...managedKeys, ...removed.map((name) => removedDefinition(definitions.installation, name))];
    },
    bySecret: async (secretArn) =>
      home === undefined ? undefined : managedKeys.find(({ secretName }) => isArnOf(secretName, secretArn, home)),
  };
}
