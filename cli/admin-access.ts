import type { AdminAccess } from '../contract/environment.ts';
import { adminKeySecretName } from '../contract/names.ts';
import type { AdminAccessConfiguration } from '../lib/config/schema.ts';

/** How keyguard.json says that the functions reach the Admin API. */
export function adminAccessOf(installation: string, access: AdminAccessConfiguration): AdminAccess {
  if (access.kind === 'key') return { kind: 'key', secretName: adminKeySecretName(installation) };
  const { kind, federationRuleId, serviceAccountId, audience } = access;
  return { kind, federationRuleId, serviceAccountId, audience };
}
