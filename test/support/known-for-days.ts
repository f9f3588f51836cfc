import { openTable } from '../../lambda/adapters/aws/table.ts';
import { packedText, unpackedText } from '../../lambda/adapters/aws/packed-text.ts';
import { dayMs } from '../../lambda/foundation/clock.ts';
import type { World } from '../../local/world.ts';

const partitions = ['BASELINE#envelope', 'BASELINE_OLD#envelope'];

/**
 * As though the usage of a managed key had begun three days earlier than it did: what begins in a key's first three days is not cut off by
 * itself, and days of usage take a test's time. It has been looked at before.
 */
export async function knownForDays(world: World, managedKey: string): Promise<void> {
  const table = openTable(world.installation.stateTable);
  const items = await Promise.all(partitions.map((partition) => table.get(partition, managedKey)));
  const states = items.map((item) => JSON.parse(unpackedText(item?.['packed']) ?? '{}') as { readonly firstAt?: number | null });
  const firstAt = states[0]?.firstAt;
  if (typeof firstAt !== 'number') throw new RangeError(`no usage of ${managedKey} was looked at`);
  for (const [index, partition] of partitions.entries()) {
    const item = items[index];
    if (item === undefined) continue;
    const older = { ...states[index], firstAt: firstAt - 3 * dayMs };
    await table.put(partition, managedKey, { ...item, packed: packedText(JSON.stringify(older)) });
  }
}
