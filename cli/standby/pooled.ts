import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import { hasPool } from '../../contract/registry.ts';
import { checkHasPool } from '../../lambda/rotation/commands/onboard.ts';
import { managedKey, type OpenInstallation } from '../installation.ts';

/** The managed key of that name, which must have standby keys; without a name, all that have. Throws KeyguardError `standby-refused`. */
export function pooled(name: string | undefined, installation: OpenInstallation): readonly ManagedKeyDefinition[] {
  if (name === undefined) return installation.managedKeys.filter(({ rotation }) => hasPool(rotation.strategy));
  const definition = managedKey(installation, name);
  checkHasPool(definition);
  return [definition];
}
