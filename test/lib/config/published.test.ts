import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { configurationReference } from '../../../lib/config/reference.ts';
import { configurationJsonSchema, configurationSchema } from '../../../lib/config/schema.ts';

const root = `${import.meta.dirname}/../../..`;
const example: unknown = JSON.parse(readFileSync(`${root}/keyguard.example.json`, 'utf8'));

test('the published JSON Schema is the one that is checked against (stale? npx vitest run test/lib/config -u)', async () => {
  const options = await resolveConfig(`${root}/keyguard.schema.json`);
  const text = await format(JSON.stringify(configurationJsonSchema()), { ...options, parser: 'json' });
  await expect(text).toMatchFileSnapshot(`${root}/keyguard.schema.json`);
});

test('the reference describes the schema as it is (stale? npx vitest run test/lib/config -u)', async () => {
  await expect(configurationReference(example)).toMatchFileSnapshot(`${root}/docs/reference/configuration.md`);
});

test('every field has a description, and every length of time says what happens in its time', () => {
  const undescribed: string[] = [];
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    if ('properties' in schema && typeof schema.properties === 'object' && schema.properties !== null) {
      for (const [name, property] of Object.entries(schema.properties)) {
        const described: unknown = property;
        if (typeof described !== 'object' || described === null || !('description' in described)) undescribed.push(`${path}.${name}`);
        visit(described, `${path}.${name}`);
      }
    }
    if ('items' in schema) visit(schema.items, `${path}[]`);
    if ('oneOf' in schema && Array.isArray(schema.oneOf)) for (const choice of schema.oneOf) visit(choice, path);
  };
  visit(configurationJsonSchema(), '');
  expect(undescribed).toEqual([]);
});

test.each(['keyguard.example.json', 'test/e2e/keyguard.json'])("%s satisfies both the schema and the editor's copy of it", (file) => {
  const written: unknown = JSON.parse(readFileSync(`${root}/${file}`, 'utf8'));
  const published: unknown = JSON.parse(readFileSync(`${root}/keyguard.schema.json`, 'utf8'));
  if (typeof published !== 'object' || published === null) throw new Error('the published schema is no object');
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(published);
  expect(validate(written), JSON.stringify(validate.errors)).toBe(true);
  expect(configurationSchema.safeParse(written).error).toBeUndefined();
});
