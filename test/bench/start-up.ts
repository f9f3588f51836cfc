import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { buildCommandLine } from '../../tools/package/command-line.ts';

/**
 * How long the command line takes to begin, as the package holds it: a multiple of an empty program of Node in the same run, since
 * seconds depend on the machine. The median of five, taken in turns, so that a busy moment slows all of them.
 */
const keyguard = fileURLToPath(new URL('../../bin/keyguard.js', import.meta.url));
const programs: Readonly<Record<string, readonly string[]>> = {
  "node -e '0'": ['-e', '0'],
  'keyguard --help': [keyguard, '--help'],
  'keyguard status --help': [keyguard, 'status', '--help'],
};
const rounds = 5;
await buildCommandLine();

const taken = new Map<string, number[]>(Object.keys(programs).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, args] of Object.entries(programs)) {
    const begin = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${name} ended with ${String(status)}`);
    taken.get(name)?.push(performance.now() - begin);
  }
}
const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
const [[, baseline = []] = []] = taken;
for (const [name, all] of taken) {
  const ms = median(all);
  process.stdout.write(`${name.padEnd(24)} ${ms.toFixed(0).padStart(6)} ms ${(ms / median(baseline)).toFixed(1).padStart(6)} times\n`);
}
