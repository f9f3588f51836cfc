import type { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { APIKeys } from '@anthropic-ai/sdk/resources/organization/api-keys';
import { anthropicCall } from './calls.ts';

export interface OrganizationSight {
  /** Null where the answer does not say. */
  readonly organizationId: string | null;
  /** What time it was at Anthropic when it answered (epoch ms, whole seconds); undefined where the answer does not say. */
  readonly serverTime: number | undefined;
}

/** To which organization the admin credential leads: the headers of an answer say it (facts-anthropic 1.7). */
export async function organizationOf(client: BaseAnthropic): Promise<OrganizationSight> {
  const { headers } = await anthropicCall('api_keys.list', () => new APIKeys(client).list({ limit: 1 }).asResponse());
  const instant = Date.parse(headers.get('date') ?? '');
  return { organizationId: headers.get('anthropic-organization-id'), serverTime: Number.isNaN(instant) ? undefined : instant };
}
