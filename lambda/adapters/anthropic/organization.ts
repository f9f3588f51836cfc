import type { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { anthropicCall } from './calls.ts';
import { malformed, textOf } from './shape.ts';

export interface OrganizationSnapshot {
  readonly organizationId: string;
  /** What time it was at Anthropic when it answered (epoch ms, whole seconds); undefined where the answer does not say. */
  readonly serverTime: number | undefined;
}

/** The address that says which organization an admin credential leads to (platform.claude.com/docs/en/manage-claude/admin-api). */
export const mePath = '/v1/organizations/me';

/** To which organization the admin credential leads. Throws KeyguardError `answer-malformed` where the answer does not say. */
export async function organizationOf(client: BaseAnthropic): Promise<OrganizationSnapshot> {
  const operation = 'organizations.me';
  const { data, response } = await anthropicCall(operation, () => client.get<unknown>(mePath).withResponse());
  const organizationId = textOf(data, 'id');
  if (organizationId === undefined) throw malformed(operation, 'id');
  const instant = Date.parse(response.headers.get('date') ?? '');
  return { organizationId: canonicalId(organizationId), serverTime: Number.isNaN(instant) ? undefined : instant };
}

/** An organization's id is a UUID, and equal to one in capitals. */
export function canonicalId(organizationId: string): string {
  return organizationId.trim().toLowerCase();
}
