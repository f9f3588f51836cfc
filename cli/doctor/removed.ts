import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import type { OpenInstallation } from '../installation.ts';
import { removedFix, removedFrom, removedText } from '../removed-keys.ts';
import { checked, warning, type Check } from './check.ts';

/** Managed keys that keyguard.json no longer has, while keys of them may still work. */
export async function removedChecks({ definition, table, managedKeys }: OpenInstallation): Promise<readonly Check[]> {
  return checked(definition.installation, 'removed keys', async () =>
    removedFrom(await apiKeyLedger(table).all(), managedKeys).map((key) => warning(`${key.name} is ${removedText(key)}`, removedFix)),
  );
}
