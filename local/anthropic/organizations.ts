import type { Platform } from './state.ts';
import type { Route } from './routing.ts';
import { notFound } from './errors.ts';
import { json } from './routing.ts';

/** Which organization an admin credential leads to. */
export function organizationRoutes(platform: Platform): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/organizations/me',
      access: 'admin',
      answer: ({ caller }) => {
        const organization = platform.organizations.get(caller.organizationId);
        if (organization === undefined) throw notFound('Organization not found');
        return json({ id: organization.id, type: 'organization', name: organization.name });
      },
    },
  ];
}
