import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { ApiKeyRecord, IncidentRecord } from '../contract/records.ts';

export interface KeyStatus {
  readonly name: string;
  readonly health: 'ok' | 'attention' | 'broken';
  readonly current: { readonly apiKeyId: string; readonly hint: string; readonly since: number } | null;
  /** Old keys that still work, and until when at the latest if the policy cuts; earlier once they are quiet. */
  readonly previous: readonly { readonly apiKeyId: string; readonly validUntil: number }[];
  readonly standbyKeys: number;
  readonly lastRotatedAt: number | null;
  readonly nextRotationAt: number | null;
  readonly incidents: readonly { readonly kind: string; readonly state: string; readonly openedAt: number }[];
  /** What a person should do, in sentences. */
  readonly attention: readonly string[];
}

/** A managed key's state in a few words, from the records alone. */
export function keyStatus(
  definition: ManagedKeyDefinition,
  records: readonly ApiKeyRecord[],
  incidents: readonly IncidentRecord[],
  schedule: {
    readonly nextRotationAt: number | null;
    readonly lastRotatedAt: number | null;
    readonly stages: ReadonlyMap<string, readonly string[]>;
  },
): KeyStatus {
  const own = records.filter((record) => record.managedKey === definition.name);
  const current = own.find((record) => record.state === 'current');
  const standbyKeys = own.filter((record) => record.state === 'standby').length;
  const open = incidents.filter((incident) => incident.subject === definition.name);
  const pending = [...schedule.stages.values()].some((labels) => labels.includes('AWSPENDING') && !labels.includes('AWSCURRENT'));
  const attention = [
    ...(current === undefined
      ? [
          `no key is current: ${standbyKeys === 0 ? `npx keyguard standby add ${definition.name}, then ` : ''}npx keyguard rotate ${definition.name}`,
        ]
      : []),
    ...(current !== undefined && standbyKeys === 0
      ? [`the pool is empty, the next rotation will fail: npx keyguard standby add ${definition.name}`]
      : []),
    ...(pending ? ['a rotation is under way or did not finish (AWSPENDING is set)'] : []),
    ...open.map(
      (incident) =>
        `incident ${incident.kind} is ${incident.state}${incident.brake === undefined ? '' : `, held back: ${incident.brake}`}: see docs/runbooks/${incident.kind}.md`,
    ),
  ];
  return {
    name: definition.name,
    health: current === undefined ? 'broken' : attention.length > 0 ? 'attention' : 'ok',
    current: current === undefined ? null : { apiKeyId: current.apiKeyId, hint: current.hint, since: current.since },
    previous: own
      .filter((record) => record.state === 'draining')
      .map((record) => ({
        apiKeyId: record.apiKeyId,
        validUntil: (record.switchedAt ?? record.since) + definition.rotation.maximumGraceMs,
      })),
    standbyKeys,
    lastRotatedAt: schedule.lastRotatedAt,
    nextRotationAt: schedule.nextRotationAt,
    incidents: open.map(({ kind, state, openedAt }) => ({ kind, state, openedAt })),
    attention,
  };
}
