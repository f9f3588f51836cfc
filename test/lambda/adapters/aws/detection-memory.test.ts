import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { detectionMemory } from '../../../../lambda/adapters/aws/detection-memory.ts';
import type { Item, Table } from '../../../../lambda/adapters/aws/table.ts';

function memoryOver(items: Map<string, Item>): ReturnType<typeof detectionMemory> {
  const table: Pick<Table, 'get' | 'put'> = {
    get: (pk, sk) => Promise.resolve(items.get(`${pk} ${sk}`)),
    put: (pk, sk, record) => {
      items.set(`${pk} ${sk}`, { ...record, pk, sk });
      return Promise.resolve();
    },
  };
  return detectionMemory(table as Table, { watermark: () => Promise.resolve(undefined), categories: () => Promise.resolve(new Map()) });
}

const state = JSON.stringify({ version: 1, columns: Array.from({ length: 2000 }, (_, index) => index % 7) });
const record = { schema: 1, subject: 'production', foldedUntil: 60_000, state } as const;

test('a baseline is stored in less than half of its bytes, and read as it was', async () => {
  const items = new Map<string, Item>();
  const memory = memoryOver(items);
  await memory.remember('envelope', 'recent', record);
  expect(await memory.baseline('envelope', 'recent', 'production')).toMatchObject(record);
  const stored = items.get('BASELINE#envelope production');
  expect((stored?.['packed'] as Uint8Array).length).toBeLessThan(state.length / 2);
  expect(stored).not.toHaveProperty('state');
});

test('one that an older version stored as text is read', async () => {
  const memory = memoryOver(new Map([['BASELINE#envelope production', { ...record, pk: 'BASELINE#envelope', sk: 'production' }]]));
  expect(await memory.baseline('envelope', 'recent', 'production')).toMatchObject(record);
});

test.each([
  ['no bytes', 'text'],
  ['bytes that nobody packed', Uint8Array.of(7)],
  ['bytes of a hundred megabytes', deflateRawSync(Buffer.alloc(100_000_000))],
])('%s are no state, and no error', async (_, packed) => {
  const memory = memoryOver(new Map([['BASELINE#envelope production', { ...record, state: undefined, packed }]]));
  expect(await memory.baseline('envelope', 'recent', 'production')).toMatchObject({ foldedUntil: 60_000, state: undefined });
});
