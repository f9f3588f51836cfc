import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { incidentKinds } from '../../../contract/registry.ts';

test.each(incidentKinds)('%s has a run-book that says what it means, where to look, what to do and how it ends', (kind) => {
  const text = readFileSync(new URL(`../../../docs/runbooks/${kind}.md`, import.meta.url), 'utf8');
  expect(text).toMatch(new RegExp(`^# \`${kind}\``));
  for (const heading of ['What it means', 'Look here', 'Do this', 'How it ends']) expect(text).toMatch(new RegExp(`^## ${heading}`, 'm'));
});
