import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { catalogue } from '../../../local/anthropic/catalogue.ts';
import { aPlatform, refusalOf } from './platform.ts';

test('the platform knows exactly the models that the SDK names', async () => {
  const source = await readFile(
    new URL('../../../node_modules/@anthropic-ai/sdk/resources/messages/messages.d.ts', import.meta.url),
    'utf8',
  );
  const type = /export type Model = ([^;]*);/.exec(source)?.[1] ?? '';
  const named = [...type.matchAll(/'(claude-[^']*)'/g)].map((match) => match[1]);
  expect(named.length).toBeGreaterThan(10);
  expect(catalogue.map(({ id }) => id)).toEqual(named);
});

test('the SDK lists all models, page by page, retrieves one, and is told of one that does not exist', async () => {
  const platform = await aPlatform();
  const client = platform.client(platform.key.value);
  const ids = [];
  for await (const model of client.models.list({ limit: 10 })) ids.push(model.id);
  expect(ids).toEqual(catalogue.map(({ id }) => id));
  expect(await client.models.retrieve('claude-opus-5-5')).toMatchObject({
    type: 'model',
    id: 'claude-opus-5-5',
    line: 'opus',
    lifecycle: 'active',
  });
  expect((await client.models.list({ lifecycle: ['deprecated'] })).data.map(({ id }) => id)).toEqual([
    'claude-sonnet-4-5',
    'claude-sonnet-4-5-20250929',
  ]);
  expect(await refusalOf(client.models.retrieve('claude-nobody'))).toMatchObject({ status: 404, type: 'not_found_error' });
});
