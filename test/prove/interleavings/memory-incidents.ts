import type { ApiKeyRecord, IncidentRecord } from '../../../contract/records.ts';
import { LostRace } from '../../../lambda/foundation/errors.ts';
import type { ContainmentPorts } from '../../../lambda/incidents/ports.ts';
import type { Gate, MemoryWorld } from './memory.ts';

/** The incidents that have not ended, by cause: as the state table keeps them. */
export type MemoryIncidents = Map<string, IncidentRecord>;

/** What containment needs: the ports of rotation, and the incidents. */
export function containmentPorts(world: MemoryWorld, gate: Gate): ContainmentPorts {
  const { incidents } = world;
  const cause = ({ kind, subject }: Pick<IncidentRecord, 'kind' | 'subject'>): string => `${kind} of ${subject}`;
  return {
    ...world.ports(gate),
    usage: { ...world.ports(gate).usage, quarters: async () => [] },
    expected: { all: async () => [] },
    feed: { minutes: async () => [] },
    installation: 'keyguard',
    dashboardUrl: 'https://console.example.com/keyguard',
    supplies: new Map(),
    publisher: { publish: (alert) => world.call(gate, `publish ${alert.state}`, () => undefined) },
    incidents: {
      all: () => world.call(gate, 'incidents.all', () => [...incidents.values()]),
      find: (kind, subject) => world.call(gate, 'incidents.find', () => incidents.get(cause({ kind, subject }))),
      recoveredAt: () => world.call(gate, 'incidents.recoveredAt', () => undefined),
      replace: (before, after) =>
        world.call(gate, `incidents.replace ${before?.state ?? 'none'}→${after.state}`, () => {
          if (incidents.get(cause(after))?.revision !== before?.revision) throw new LostRace(cause(after));
          const stored = { ...after, revision: (before?.revision ?? 0) + 1 };
          incidents.set(cause(after), stored);
          return stored;
        }),
      end: (record, next) =>
        world.call(gate, 'incidents.end', () => {
          if (incidents.get(cause(record))?.revision !== record.revision) throw new LostRace(cause(record));
          if (next === undefined) incidents.delete(cause(record));
          else incidents.set(cause(record), { ...next, revision: record.revision + 1 });
        }),
    },
  };
}

/**
 * Judges what a run writes of a key that is being cut off, or was. `seen`: the records as this run read them last.
 * I8: the last working credential is never taken unless the policy says so, and what was cut off comes back by an operator's request alone.
 */
export function judgeContainment(
  world: MemoryWorld,
  before: ApiKeyRecord,
  after: Omit<ApiKeyRecord, 'revision'>,
  seen: readonly ApiKeyRecord[],
): void {
  const { apiKeyId } = before;
  if (after.intent?.to === 'contained' && before.intent?.to !== 'contained') {
    world.cut.add(apiKeyId);
    if (before.state === 'current') judgeLast(world, apiKeyId, seen);
  }
  // Whoever gave it up gave up its excuse, too.
  if (before.intent?.to === 'contained' && after.intent === undefined && after.state !== 'contained') world.cut.delete(apiKeyId);
  if (before.state === 'contained' && after.state === 'pending' && before.undoRequest === undefined) {
    world.violate(`I8 ${apiKeyId} was cut off, and claimed although nobody asked for it back`);
  }
  if (before.state === 'contained' && after.state === 'current') world.violate(`I8 ${apiKeyId} was cut off, and became current again`);
  const { by } = world.key(apiKeyId);
  if (after.state === 'contained' && before.state !== 'contained' && by !== 'a person' && world.statusOf(apiKeyId) === 'active') {
    world.violate(`I8 ${apiKeyId} counts as cut off, and works`);
  }
}

function judgeLast(world: MemoryWorld, apiKeyId: string, seen: readonly ApiKeyRecord[]): void {
  const { containment, rotation } = world.definition;
  if (containment.lastCredential === 'keep') {
    world.violate(`I8 ${apiKeyId} is current and about to be cut off, and the policy keeps the last credential`);
  }
  const needed = world.now + rotation.intervalMs + rotation.maximumGraceMs;
  // One that somebody is at work on, or whose claim is blocked, can take nobody's place at this moment.
  const another = seen.find(
    ({ state, intent, expiresAt, claimBlockedUntil = 0 }) =>
      state === 'pending' ||
      (state === 'standby' && intent === undefined && claimBlockedUntil <= world.now && (expiresAt === null || expiresAt > needed)),
  );
  if (another !== undefined)
    world.violate(`I8 ${apiKeyId} is current and about to be cut off, although ${another.apiKeyId} can replace it`);
}
