import { adminClient, checkOrganization, webIdentityToken } from '../../lambda/adapters/anthropic/client.ts';
import { apiKeys } from '../../lambda/adapters/anthropic/api-keys.ts';
import { organizationOf } from '../../lambda/adapters/anthropic/organization.ts';
import { caller } from '../../lambda/adapters/aws/caller.ts';
import { sts } from '../../lambda/adapters/aws/clients.ts';
import { systemClock } from '../../lambda/foundation/clock.ts';
import { AwsRefused, KeyguardError } from '../../lambda/foundation/errors.ts';
import type { ApiKeyInfo } from '../../lambda/rotation/ports.ts';
import type { OpenInstallation } from '../installation.ts';
import { counted } from '../output.ts';
import { broken, checked, good, warning, type Answer, type Check } from './check.ts';
import { clockAnswer } from './clock.ts';

export interface Access {
  readonly checks: readonly Check[];
  /** Anthropic's list by API key id; undefined where Anthropic could not be asked. */
  readonly infos: ReadonlyMap<string, ApiKeyInfo> | undefined;
}

/** Who asks, whether AWS and Anthropic let them in, and whether this machine's clock agrees with both. */
export async function accessChecks(about: string, installation: OpenInstallation): Promise<Access> {
  const { definition, managedKeys, secrets, clock } = installation;
  const { anthropicBaseUrl, organizationId, adminAccess } = definition;
  const client = adminClient({ baseUrl: anthropicBaseUrl, organizationId, access: adminAccess, secrets, sts, clock });
  let infos: Access['infos'];

  const aws = checked(about, 'AWS', async () => {
    // The machine's own time: a clock that was handed in says nothing about it.
    const askedAt = systemClock.now();
    const { arn, serverTime } = await caller(sts());
    const time = clockAnswer('AWS', serverTime, askedAt, systemClock.now());
    const region = await secrets.config.region();
    return [good(`you are ${arn} in ${region}, which has ${counted(managedKeys.length, 'managed key')}`), time];
  });
  const lookAtAnthropic = async (): Promise<Answer | readonly Answer[]> => {
    const askedAt = systemClock.now();
    const seen = await organizationOf(client);
    const time = clockAnswer('Anthropic', seen.serverTime, askedAt, systemClock.now());
    try {
      checkOrganization(seen.organizationId, organizationId);
    } catch (error) {
      if (!(error instanceof KeyguardError)) throw error;
      return [broken(error.message, error.fix), time];
    }
    const list = await apiKeys(client).list();
    infos = new Map(list.map((info) => [info.apiKeyId, info]));
    return [good(`the admin credential works, and sees ${counted(list.length, 'API key')} of ${organizationId}`), time];
  };
  const anthropic = checked(about, 'Anthropic', adminAccess.kind === 'key' ? lookAtAnthropic : orNotLetIn(lookAtAnthropic));
  const checks = (await Promise.all([aws, anthropic])).flat();
  return { infos, checks };
}

/** The functions' roles fit the federation rule; who sits at the keyboard need not, and is refused when the token is exchanged. */
function isOwnRole(error: unknown): error is KeyguardError {
  if (error instanceof AwsRefused) return error.operation === webIdentityToken;
  return error instanceof KeyguardError && (error.code === 'admin-access-refused' || error.code === 'admin-access-too-narrow');
}

function orNotLetIn(look: () => Promise<Answer | readonly Answer[]>): () => Promise<Answer | readonly Answer[]> {
  return () =>
    look().catch((error: unknown) => {
      if (!isOwnRole(error)) throw error;
      return warning(`not looked at: your own AWS role does not get in (${error.message})`, 'use a role that fits the federation rule');
    });
}
