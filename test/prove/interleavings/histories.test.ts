import { expect, test } from 'vitest';
import { tryHistories, type HistoriesOptions } from './histories.ts';
import { MemoryWorld, type Gate } from './memory.ts';

// The long form of this proof: npm run prove:rotation.
test('two thousand random histories, with people, faults, deaths and several runs at once, keep the invariants', async () => {
  await tryHistories({ runs: 2000, seed: 20261124 });
}, 60_000);

type Ports = ReturnType<MemoryWorld['ports']>;

/** A world in which the engine's calls do something else than it believes. */
function broken(change: (ports: Ports, world: MemoryWorld) => Partial<Ports>): NonNullable<HistoriesOptions['begin']> {
  return (changes) => {
    const world = new MemoryWorld(changes);
    const ports = world.ports.bind(world);
    return Object.assign(world, {
      ports: (gate: Gate): Ports => {
        const sound = ports(gate);
        return { ...sound, ...change(sound, world) };
      },
    });
  };
}

test.each<[string, (ports: Ports, world: MemoryWorld) => Partial<Ports>]>([
  [
    'writes without a condition',
    ({ ledger }, { records }) => ({
      ledger: {
        ...ledger,
        replace: (before, after, by) =>
          ledger.replace(
            {
              ...before,
              // Whatever it is by the time of the write.
              get revision() {
                return records.get(before.apiKeyId)?.revision ?? 0;
              },
            },
            after,
            by,
          ),
      },
    }),
  ],
  [
    'intents that are lost',
    ({ ledger }) => ({
      ledger: {
        ...ledger,
        replace(before, { intent, ...after }, by) {
          return ledger.replace(before, after, by);
        },
      },
    }),
  ],
  [
    'a proof that believes everything',
    ({ keys, probe }) => ({
      probe: { probe: async (value) => ({ ...(await probe.probe(value)), answer: 'accepted', organizationId: null, workspaceId: null }) },
      keys: { ...keys, retrieve: async (id) => ({ ...((await keys.retrieve(id)) as object), status: 'active' }) as never },
    }),
  ],
  [
    'usage that is thought to be known and silent',
    ({ usage }) => ({ usage: { ...usage, knownUntil: async () => Number.MAX_SAFE_INTEGER, lastUses: async () => [] } }),
  ],
])(
  'an engine with %s is found out, and the shortest history that shows it is named',
  async (_what, change) => {
    await expect(tryHistories({ runs: 6000, seed: 1, begin: broken(change) })).rejects.toThrow(/seed: 1, path/);
  },
  60_000,
);
