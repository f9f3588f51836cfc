import { parseArgs, type ParseArgsConfig } from 'node:util';
import { caseNamed, operationNamed } from './crash.ts';
import { lastingConditions } from './lasting.ts';
import { operations } from './operations.ts';
import { faultsSuite } from './suites/faults.ts';
import { historiesSuite } from './suites/histories.ts';
import { lastingSuite } from './suites/lasting.ts';
import { loadSuite } from './suites/load.ts';
import type { Extent, Outcome } from './suites/suite.ts';
import { schedulesSuite } from './suites/schedules.ts';

const help = `npm run prove:rotation -- [options]

Tries to break the rotation engine, and prints a table for each way; exit code 1 on any violation of I1 to I5 and I9.

  --part PART       harm       each operation on the local world, with a fault at every single call that it makes (killed before or after it;
                               the call is throttled, fails, is cut off, is done but not answered, reads stale), carried on once or by
                               two at once, and judged by what then stands in the two worlds; at the calls to Anthropic also answers that
                               are whole and wrong: pages of a proxy or firewall, another organization, lists that are cut or empty
                    lasting    hours of answers that are whole and wrong, on a managed key with something due for each of its keys:
                               nothing is rejected, retired, cut or archived meanwhile, and people are told once
                    schedules  every schedule of two runs of the engine with two changes of turn and a death or a failed call
                    histories  random histories with people, time, faults, deaths, and several runs at once
                    load       programs with realistic caches through a hundred rotations
                    without it, all of them, one after the other
  --short           a sample of each, in some minutes
  --seed N          other worlds and other histories (default 1)
  --jobs N          of harm: worlds at a time (default 2)
  --only OPERATION  of harm: ${operations.map((operation) => operation.name).join(', ')}
  --wrong-answers   of harm: only answers of Anthropic's side that are whole and wrong
  --condition NAME  of lasting: ${lastingConditions.map(({ name }) => name).join(', ')}
  --shard I/N       of harm: the I-th of N equal shares of the cases
  --case CASE       of harm: one case, as a violation names it
  --runs N          of histories: how many
  --path PATH, --replay REPLAYPATH
                    of histories: begin with that very one, as a violation names it
  --json            the results as JSON, instead of the tables
  --help
`;

const flags = flagsOrExit({
  part: { type: 'string' },
  seed: { type: 'string', default: '1' },
  short: { type: 'boolean', default: false },
  only: { type: 'string' },
  'wrong-answers': { type: 'boolean', default: false },
  case: { type: 'string' },
  condition: { type: 'string' },
  shard: { type: 'string' },
  runs: { type: 'string' },
  path: { type: 'string' },
  replay: { type: 'string' },
  jobs: { type: 'string', default: '2' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});

const suiteNames = ['schedules', 'histories', 'load', 'lasting', 'harm'] as const;
type SuiteName = (typeof suiteNames)[number];

if (flags.help) process.stdout.write(help);
else {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

async function main(): Promise<0 | 1> {
  const extent: Extent = {
    seed: wholeNumber(flags.seed, 'seed'),
    jobs: wholeNumber(flags.jobs, 'jobs'),
    short: flags.short,
    say: (text) => void process.stderr.write(text),
  };
  const suites = suitesAsAsked();
  const outcomes: Outcome[] = [];
  for (const name of chosenSuites()) {
    const outcome = await suites[name](extent);
    outcomes.push(outcome);
    if (!flags.json) process.stdout.write(`\n== ${name}\n${[outcome.text, ...outcome.violations].join('\n')}\n`);
  }
  const violations = outcomes.reduce((sum, outcome) => sum + outcome.violations.length, 0);
  if (flags.json) process.stdout.write(`${JSON.stringify(outcomes, null, 2)}\n`);
  else process.stdout.write(`\n${violations} violations\n`);
  return violations === 0 ? 0 : 1;
}

/** Each suite, with what was asked of it: whatever is wrong with that is said before the first one begins. */
function suitesAsAsked(): Readonly<Record<SuiteName, (extent: Extent) => Promise<Outcome>>> {
  const { path, replay, only } = flags;
  if ((path === undefined) !== (replay === undefined))
    throw new RangeError('--path and --replay go together: both stand below the history');
  const runs = flags.runs === undefined ? {} : { runs: wholeNumber(flags.runs, 'runs') };
  const again = path === undefined || replay === undefined ? {} : { again: { path, replayPath: replay } };
  const shard = shardOf(flags.shard);
  if (only !== undefined) operationNamed(only);
  if (flags.case !== undefined) caseNamed(flags.case, 1);
  const { condition } = flags;
  if (condition !== undefined && !lastingConditions.some(({ name }) => name === condition))
    throw new RangeError(`no condition is called ${condition}; there are ${lastingConditions.map(({ name }) => name).join(', ')}`);
  return {
    schedules: schedulesSuite,
    histories: (extent) => historiesSuite(extent, { ...runs, ...again }),
    load: loadSuite,
    lasting: (extent) => lastingSuite(extent, { condition: flags.condition }),
    harm: (extent) => faultsSuite(extent, { only, case: flags.case, shard, wrongAnswers: flags['wrong-answers'] }),
  };
}

/** What only one suite knows chooses that suite. */
function chosenSuites(): readonly SuiteName[] {
  const { part, only, shard, runs, path } = flags;
  if (part !== undefined) {
    const known = suiteNames.find((name) => name === part);
    if (known === undefined) throw new RangeError(`there is no part ${part}: ${suiteNames.join(', ')}`);
    return [known];
  }
  if (only !== undefined || shard !== undefined || flags.case !== undefined || flags['wrong-answers']) return ['harm'];
  if (flags.condition !== undefined) return ['lasting'];
  return runs !== undefined || path !== undefined ? ['histories'] : suiteNames;
}

/** What nobody knows is said in one line. */
function flagsOrExit<T extends NonNullable<ParseArgsConfig['options']>>(
  options: T,
): ReturnType<typeof parseArgs<{ options: T }>>['values'] {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\nnpm run prove:rotation -- --help tells what there is\n`);
    process.exit(2);
  }
}

function wholeNumber(text: string, name: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new RangeError(`--${name} takes a whole number from 1: ${text}`);
}

function shardOf(text: string | undefined): { readonly which: number; readonly of: number } | undefined {
  if (text === undefined) return undefined;
  const [which = 0, of = 0] = /^\d+\/\d+$/.test(text) ? text.split('/').map(Number) : [];
  if (which >= 1 && which <= of) return { which, of };
  throw new RangeError(`--shard takes a share such as 2/5: ${text}`);
}
