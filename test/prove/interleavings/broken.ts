import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { MemoryWorld } from './memory.ts';

type Ports = ReturnType<MemoryWorld['ports']>;
/** What a broken engine does at its ports instead of what it should: its code is the real one, and the world judges as before. */
type Break = (ports: Ports, world: MemoryWorld) => Partial<Ports>;

/** The same world, in which every run from now on is one of the broken engine. */
export function withEngine(world: MemoryWorld, change: Break): MemoryWorld {
  const ports = world.ports.bind(world);
  return Object.assign(world, {
    ports: (...given: Parameters<typeof ports>): Ports => {
      const sound = ports(...given);
      return { ...sound, ...change(sound, world) };
    },
  });
}

/** It goes by another policy than the one that people gave. */
export function withPolicy(change: (definition: ManagedKeyDefinition) => Partial<ManagedKeyDefinition>): Break {
  return ({ directory }) => {
    const changed = (definition: ManagedKeyDefinition): ManagedKeyDefinition => ({ ...definition, ...change(definition) });
    return {
      directory: {
        all: async () => (await directory.all()).map(changed),
        async bySecret(arn) {
          const found = await directory.bySecret(arn);
          return found === undefined ? undefined : changed(found);
        },
      },
    };
  };
}

/** It writes a record whether or not somebody else has changed it. */
export const unconditional: Break = ({ ledger }, { records }) => ({
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
});

/** What it is about to do it does not write down. */
export const withoutIntents: Break = ({ ledger }) => ({
  ledger: {
    ...ledger,
    replace(before, { intent, ...after }, by) {
      return ledger.replace(before, after, by);
    },
  },
});

/** Whatever Anthropic answers is a proof to it. */
export const credulous: Break = ({ keys, probe }) => ({
  probe: {
    probe: async (value) => ({ ...(await probe.probe(value)), answer: 'accepted', organizationId: 'organization', workspaceId: null }),
  },
  keys: {
    ...keys,
    async retrieve(id) {
      const info = await keys.retrieve(id);
      return info === 'gone' ? info : { ...info, status: 'active' };
    },
  },
});

/** It asks Anthropic nothing with the value, and counts it as proven. */
export const unproving: Break = () => ({
  probe: { probe: async () => ({ answer: 'accepted', organizationId: 'organization', workspaceId: null }) },
});

/** Usage that it does not know is silence to it. */
export const deaf: Break = ({ usage, clock }) => ({
  usage: { ...usage, knownUntil: async () => clock.now(), lastUses: async () => [] },
});
