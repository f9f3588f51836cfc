import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';
import type { Detector } from '../../../lambda/detection/detectors.ts';
import { alertsOf, type Alerts } from './detectors.ts';

const folder = 'lambda/detection/detectors/envelope';

interface Change {
  readonly file: 'parameters.ts' | 'column.ts' | 'references.ts';
  readonly from: string;
  readonly to: string;
}

/** One change of the detector's own source each: so the product needs no switches that only a benchmark would use. */
const changes: Readonly<Record<string, Change>> = {
  'the strongest window, not the sum': {
    file: 'column.ts',
    from: "evidence += consider('season', index, seasonEvidence(column, window, logs, index));",
    to: "evidence = Math.max(evidence, consider('season', index, seasonEvidence(column, window, logs, index)));",
  },
  'no window of two minutes': {
    file: 'column.ts',
    from: 'if (!isFull(widths, index, ageMs)) continue;\n    evidence',
    to: 'if (index === p.newestWindow || !isFull(widths, index, ageMs)) continue;\n    evidence',
  },
  'any excess is evidence': { file: 'parameters.ts', from: 'leastExcess = 0.12', to: 'leastExcess = 0' },
  'no hour of tolerance': { file: 'references.ts', from: '{ small, toleranceHours })', to: '{ small, toleranceHours: 0 })' },
  'suspicious usage teaches too': { file: 'parameters.ts', from: 'suspicious = -0.6', to: 'suspicious = Infinity' },
  'no level test': {
    file: 'column.ts',
    from: 'if (!hasReference || ageMs <= p.coldMs || !(excess > 0)) continue;',
    to: 'if (excess !== undefined) continue;',
  },
  'no test of waking': { file: 'parameters.ts', from: 'wakeRatio = 1.5', to: 'wakeRatio = Infinity' },
  'no test of the first days': { file: 'parameters.ts', from: 'coldLeastMs = 2 * hour', to: 'coldLeastMs = Infinity' },
  'no highest of any hour for young and seldom used keys': { file: 'references.ts', from: 'Math.max(young, seldom) *', to: '0 *' },
  'tails no wider at first': { file: 'parameters.ts', from: 'youngWidening = 2', to: 'youngWidening = 0' },
  'no cool-down after an alert': { file: 'parameters.ts', from: 'coolDownMs = 4 * hour', to: 'coolDownMs = 0' },
};
export const ablationNames = Object.keys(changes);

/** The detector with one thing taken away. Throws where the source no longer has the words that the change names. */
export async function ablated(name: string): Promise<Alerts> {
  const change = changes[name];
  if (change === undefined) throw new RangeError(`there is no ablation ${name}`);
  const path = `${folder}/${change.file}`;
  const text = await readFile(path, 'utf8');
  if (text.split(change.from).length !== 2) throw new RangeError(`${path} does not hold once: ${change.from}`);
  const { outputFiles } = await build({
    entryPoints: ['lambda/detection/detectors/envelope.ts'],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    plugins: [
      {
        name: 'ablation',
        setup: (bundler) => {
          bundler.onLoad({ filter: new RegExp(`envelope/${change.file}$`) }, () => ({
            contents: text.replace(change.from, change.to),
            loader: 'ts',
          }));
        },
      },
    ],
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? '').toString('base64');
  const { envelope } = (await import(`data:text/javascript;base64,${code}`)) as { readonly envelope: Detector };
  return (series) => alertsOf(envelope.start(1))(series);
}
