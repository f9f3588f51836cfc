import { managedKeysOf, type Definitions } from '../../../contract/policy.ts';
import { isArnOf, type Home } from '../../../contract/names.ts';
import type { KeyDirectory } from '../../rotation/ports.ts';

/** The managed keys as deployed with the code. A secret of another account, Region or name is none of theirs. */
export function keyDirectory(definitions: Definitions, home: Home | undefined): KeyDirectory {
  const managedKeys = managedKeysOf(definitions);
  return {
    all: async () => managedKeys,
    bySecret: async (secretArn) =>
      home === undefined ? undefined : managedKeys.find(({ secretName }) => isArnOf(secretName, secretArn, home)),
  };
}
