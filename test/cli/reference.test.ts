import { expect, test } from 'vitest';
import { wholeProgram } from '../../cli/program.ts';
import { cliReference } from '../../cli/reference.ts';
import { ioOf } from './shell.ts';

test('the reference shows the help of every command as it is (stale? npx vitest run test/cli -u)', async () => {
  const program = await wholeProgram(ioOf({ out: '', err: '' }));
  await expect(cliReference(program)).toMatchFileSnapshot('../../docs/reference/cli.md');
});
