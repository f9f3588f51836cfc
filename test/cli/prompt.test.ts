import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { secretFrom } from '../../cli/prompt.ts';
import type { Secret } from '../../lambda/foundation/secret.ts';
import { ioOf } from './shell.ts';

const key = `sk-ant-api03-${'FAKE_fake-0123'.repeat(7).slice(0, 93)}AA`;

/** What comes of keys that a terminal sends, a paste at once. */
async function pasted(text: string): Promise<{ readonly value: Secret; readonly shown: string }> {
  const said = { out: '', err: '' };
  const stdin = Object.assign(new Readable({ read: () => undefined }), { isTTY: true, setRawMode: () => undefined });
  const asked = secretFrom('Value of the key', { ...ioOf(said), stdin });
  await new Promise((resolve) => setImmediate(resolve));
  stdin.push(text);
  const value = await asked;
  stdin.destroy();
  return { value, shown: said.out + said.err };
}

test.each([
  ['as it is', `${key}\r`, key],
  ['with a line break before it', `\r${key}\r`, key],
  ['with blank lines before it', `\r  \r${key}\r`, key],
  ['broken over two lines', `${key.slice(0, 50)}\r${key.slice(50)}\r`, key],
  ['cut, and meant', `${key.slice(0, 50)}\r\r`, key.slice(0, 50)],
  ['of another kind', 'https://example.com/x\r', 'https://example.com/x'],
])('a value pasted at a terminal, %s, is taken whole and never shown', async (_how, text, expected) => {
  const { value, shown } = await pasted(text);
  expect(value.reveal()).toBe(expected);
  expect(shown).not.toContain(expected.slice(20, 40) || expected);
});
