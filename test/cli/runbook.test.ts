import { expect, test } from 'vitest';
import { incidentKinds } from '../../contract/registry.ts';
import { read } from '../docs/pages.ts';
import { keyguard } from './shell.ts';

test('without a kind every run-book is listed, with what it is about', async () => {
  const { code, out } = await keyguard(['runbook']);
  expect(code).toBe(0);
  const rows = out.trimEnd().split('\n').slice(1);
  expect(rows.map((row) => row.split(/\s+/)[0])).toEqual([...incidentKinds]);
  for (const row of rows) expect(row.split(/\s+/).length).toBeGreaterThan(4);
});

test.each(incidentKinds)('the run-book of %s is the page of the docs, without links that lead nowhere', async (kind) => {
  const { code, out, err } = await keyguard(['runbook', kind]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.split('\n').filter((each) => each.startsWith('#'))).toEqual(
    read(`docs/runbooks/${kind}.md`)
      .split('\n')
      .filter((each) => each.startsWith('#')),
  );
  expect(out).not.toMatch(/\]\(/);
});

test('another run-book is named by the command that prints it', async () => {
  const { out } = await keyguard(['runbook', 'straggler']);
  expect(out).toContain('see usage-anomaly (`npx --no-install keyguard runbook usage-anomaly`)');
});

test('with --json both are data', async () => {
  const list = JSON.parse((await keyguard(['runbook', '--json'])).out) as unknown;
  expect(list).toMatchObject(incidentKinds.map((kind) => ({ kind, title: expect.stringMatching(/\w/) as unknown })));
  expect(JSON.parse((await keyguard(['runbook', 'pool-low', '--json'])).out)).toMatchObject({ kind: 'pool-low' });
});

test.each(['stragler', '../faq', '/etc/passwd', 'toString'])('%s is no run-book, and nothing is read', async (word) => {
  expect(await keyguard(['runbook', word])).toEqual({
    code: 2,
    out: '',
    err: `error: there is no run-book ${word}\nfix:   npx --no-install keyguard runbook lists them\n`,
  });
});
