import { parseArgs } from 'node:util';
import { caseName, caseNamed, casesOf, cleanRun, operationNamed, type Case, type CaseResult } from './crash.ts';
import { runCases } from './hands.ts';
import { operations } from './operations.ts';
import { sampleOf } from './sample.ts';
import { tableOf } from './table.ts';
import { violationText } from './violation.ts';

const help = `npm run prove:rotation -- [options]

Runs each operation of the rotation engine against the local world, does harm at every single call that it makes (the process is
killed before or after the call; the call is throttled, fails, is cut off, is done but not answered, reads stale), lets it carry
on (once, or two at once), and judges by what then stands in the two worlds. Prints a table; exit code 1 on any violation.

  --seed N          another world: other ids, another time of day; with an even seed a changed status takes 15 s to be felt (default 1)
  --short           a sample of some 150 cases, drawn by the seed
  --only OPERATION  one operation: ${operations.map((operation) => operation.name).join(', ')}
  --case CASE       one case, as a violation names it: operation:call:kind:hands
  --jobs N          worlds at a time (default 2)
  --json            the results as JSON, instead of the table
`;

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    case: { type: 'string' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) process.stdout.write(help);
else process.exitCode = await main(wholeNumber(flags.seed, 'seed'), wholeNumber(flags.jobs, 'jobs'));

async function main(seed: number, jobs: number): Promise<0 | 1> {
  const { cases, calls } = flags.case === undefined ? await planned(seed) : { cases: [caseNamed(flags.case, seed)], calls: new Map() };
  const results: CaseResult[] = [];
  await runCases(cases, jobs, (result) => {
    results.push(result);
    if (result.violations.length > 0 && !flags.json) process.stderr.write(`\n${violatedText(result)}\n`);
    if (process.stderr.isTTY || results.length % 100 === 0) process.stderr.write(`\r${results.length} of ${cases.length} cases `);
  });
  process.stderr.write('\n');
  const violated = results.filter((result) => result.violations.length > 0);
  process.stdout.write(flags.json ? `${JSON.stringify(results, null, 2)}\n` : `${tableOf(results, calls)}\n`);
  return violated.length === 0 ? 0 : 1;
}

async function planned(seed: number): Promise<{ readonly cases: readonly Case[]; readonly calls: ReadonlyMap<string, number> }> {
  const chosen = flags.only === undefined ? operations : [operationNamed(flags.only)];
  const calls = new Map<string, number>();
  const cases: Case[] = [];
  for (const operation of chosen) {
    const clean = await cleanRun(operation, seed);
    if (clean.violations.length > 0) {
      throw new Error(`${operation.name} fails without any harm:\n${clean.violations.map(violationText).join('\n')}`);
    }
    calls.set(operation.name, clean.calls.length);
    const all = casesOf(operation, clean, seed);
    cases.push(...(flags.short ? sampleOf(all, operations.length, seed) : all));
    process.stderr.write(`${operation.name}: ${clean.calls.length} calls\n`);
  }
  return { cases, calls };
}

function violatedText({ case: each, call, violations }: CaseResult): string {
  return [
    `VIOLATED ${caseName(each)}${call === undefined ? '' : ` (${call})`}`,
    ...violations.map((violation) => `  ${violationText(violation)}`),
    `  again: npm run prove:rotation -- --seed ${each.seed} --case ${caseName(each)}`,
  ].join('\n');
}

function wholeNumber(text: string, name: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new RangeError(`--${name} takes a whole number from 1: ${text}`);
}
