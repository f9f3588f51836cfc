import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { functionNames } from '../../contract/registry.ts';
import { handlerCode } from '../../lib/bundled-handler.ts';

const runs = 15;

/** Bundle size and cold module-load time of each function, beside an empty handler in the same run. Prints a table. */
export function benchFunctions(print: (line: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'keyguard-bench-'));
  try {
    const empty = join(folder, 'empty.cjs');
    writeFileSync(empty, 'exports.handler = async () => undefined;\n');
    print('function           minified kB   gzip kB   module load ms   empty handler ms   ratio');
    for (const name of functionNames) {
      const outfile = join(folder, `${name}.cjs`);
      writeFileSync(outfile, handlerCode(name));
      const [ms, baselineMs] = loadMs(outfile, empty);
      const zipped = execFileSync('gzip', ['-c'], { input: readFileSync(outfile) }).byteLength;
      print(
        [
          name.padEnd(18),
          kb(statSync(outfile).size).padStart(11),
          kb(zipped).padStart(9),
          ms.toFixed(1).padStart(16),
          baselineMs.toFixed(1).padStart(18),
          (ms / baselineMs).toFixed(2).padStart(7),
        ].join(' '),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Median wall time of a fresh Node that loads the file and does nothing more, in turns with the baseline. */
function loadMs(file: string, baseline: string): readonly [number, number] {
  const time = (path: string): number => {
    const began = performance.now();
    execFileSync(process.execPath, ['-e', `require(${JSON.stringify(path)})`]);
    return performance.now() - began;
  };
  const pairs = Array.from({ length: runs }, () => [time(file), time(baseline)] as const);
  return [median(pairs.map(([own]) => own)), median(pairs.map(([, other]) => other))];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function kb(bytes: number): string {
  return (bytes / 1024).toFixed(0);
}
