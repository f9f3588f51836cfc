import { expect, test } from 'vitest';
import { shortAndLong } from '../../support/long.ts';
import { credulous, deaf, unconditional, withEngine, withoutIntents } from './broken.ts';
import { tryHistories } from './histories.ts';
import { MemoryWorld } from './memory.ts';

// The long form of this proof: npm run prove:rotation.
test('random histories, with people, faults, deaths and several runs at once, keep the invariants', async () => {
  await tryHistories({ runs: 60, seed: 20261124 });
}, 60_000);

for (const [cases, options] of shortAndLong(1, [
  ['a proof that believes everything', credulous, /seed: 8, path[^]*I[128] /],
  ['writes without a condition', unconditional, /seed: 8, path[^]*I[1238] /],
  ['intents that are lost', withoutIntents, /seed: 8, path[^]*I[12] /],
  ['usage that is thought to be known and silent', deaf, /seed: 8, path[^]*I2 .* was made inactive while in use/],
]))
  test.each(cases)(
    'an engine with %s is found out, and the shortest history that shows it is named',
    { ...options, timeout: 60_000 },
    async (_what, change, broken) => {
      await expect(tryHistories({ runs: 600, seed: 8, begin: (changes) => withEngine(new MemoryWorld(changes), change) })).rejects.toThrow(
        broken,
      );
    },
  );
