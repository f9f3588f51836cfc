import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { createColors } from 'picocolors';
import { demoReport } from '../../report/demo.ts';
import { terminalEmail, terminalSlackCard } from '../../report/terminal.ts';
import type { DemoEvent, DemoReport } from '../../report/demo-data.ts';
import { TraceError } from '../traffic/trace.ts';
import { drawnCast, replayedCast } from './cast.ts';
import { clockText, everContained, keptPromises } from './promises.ts';
import { keyOf, resultOf } from './result.ts';
import { outcomeOf, summaryOfSeeds, type SeedOutcome } from './seeds.ts';
import { storyStart, tellStory, type Cast } from './story.ts';

interface Options {
  readonly seed: number;
  readonly usage?: string;
  readonly key?: readonly string[];
  readonly report: string;
  readonly seeds?: number;
  readonly json?: true;
}

const program = new Command('npm run demo --')
  .description('A week of three managed keys on the local world: a rotation without a failed request, a theft, an alert, the cut-off.')
  .option('--seed <number>', 'draws traffic, keys and the thief', wholeNumber, 7)
  .option('--usage <file>', 'replay a real trace (CSV or .csv.gz) instead of drawn traffic')
  .option('--key <ids>', 'which keys of the trace, separated by commas: up to three', (text: string) => text.split(','))
  .option('--seeds <number>', 'many weeks, seeds 1 to this: how soon the detector alone finds each theft', wholeNumber)
  .option('--report <file>', 'where the HTML report goes', 'out/demo.html')
  .option('--json', 'print the figures as JSON, nothing else')
  .showHelpAfterError('(npm run demo -- --help shows every option)')
  .exitOverride();

process.exitCode = await main(process.argv);

async function main(argv: readonly string[]): Promise<number> {
  try {
    program.parse(argv);
  } catch (error) {
    return error instanceof Error && Reflect.get(error, 'exitCode') === 0 ? 0 : 2;
  }
  const options = program.opts<Options>();
  if (options.key !== undefined && options.usage === undefined) return wrongUse('--key names keys of a trace: give --usage FILE too');
  if (options.seeds !== undefined) return manySeeds(options.seeds, options.json === true);
  const from = Date.parse(storyStart);
  let cast: readonly Cast[];
  try {
    cast = options.usage === undefined ? drawnCast(options.seed, from) : replayedCast(options.usage, options.key ?? [], options.seed, from);
  } catch (error) {
    if (error instanceof TraceError) return wrongUse(error.message);
    throw error;
  }
  return run(options, cast);
}

/** Exit code 1 where a theft was never found. */
function manySeeds(count: number, isJson: boolean): number {
  if (count === 0) return wrongUse('--seeds is 0: give at least 1');
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const outcomes: SeedOutcome[] = [];
  if (!isJson) print('seed  theft to alert  false alarms');
  for (let seed = 1; seed <= count; seed += 1) {
    const outcome = outcomeOf(seed);
    outcomes.push(outcome);
    const found = outcome.minutes === null ? 'never' : `${outcome.minutes} min`;
    if (!isJson) print(`${String(seed).padStart(4)}  ${found.padStart(14)}  ${String(outcome.falseAlarms).padStart(12)}`);
  }
  const summary = summaryOfSeeds(outcomes);
  if (isJson) print(JSON.stringify({ outcomes, ...summary }, null, 2));
  else {
    const { found, medianMinutes, worstMinutes, falseAlarms, promisedFalseAlarms } = summary;
    print(`\n${found} of ${count} thefts found; median ${medianMinutes ?? '-'} min, worst ${worstMinutes ?? '-'} min.`);
    print(`${falseAlarms} false alarms in ${count} weeks of three keys; ${promisedFalseAlarms.toFixed(1)} were promised.`);
  }
  return summary.found === count ? 0 : 1;
}

async function run(options: Options, cast: readonly Cast[]): Promise<number> {
  const quiet = options.json === true;
  const colour = createColors(process.stdout.isTTY && process.env['NO_COLOR'] === undefined);
  const print = (line: string): void => {
    if (!quiet) process.stdout.write(`${line}\n`);
  };
  const started = performance.now();
  const traffic = options.usage === undefined ? 'drawn from fitted profiles' : `replayed from ${options.usage.split('/').at(-1) ?? ''}`;
  print(colour.bold('Anthropic Key Guard: a week on the local world'));
  print(`${cast.length} managed keys, traffic ${traffic}, seed ${options.seed}. The functions are the ones that AWS would run.\n`);

  const told = await tellStory({
    seed: options.seed,
    cast,
    onEvent: (event) => print(eventLine(event, colour)),
    onProgress: (share) => {
      if (process.stderr.isTTY && !quiet) process.stderr.write(`\r${Math.round(share * 100)} % of the week \r`);
    },
  });
  const { world } = told;
  const seconds = (): number => (performance.now() - started) / 1000;
  const facts = { seed: options.seed, traffic, version: await version(), peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) };
  const keys = await Promise.all(cast.map((key) => keyOf(key, told)));
  const draft = resultOf(told, keys, [], { ...facts, tookSeconds: seconds() });
  // The promises are checked over the report too, so it is drawn twice: once to be searched.
  const texts = [...world.logs, demoReport(draft), JSON.stringify(draft)];
  const promises = await keptPromises({ world, consumers: told.consumers, managedKeys: cast.map(({ name }) => name), texts });
  const ending = endingOf(told);
  const result = resultOf(told, keys, [...promises, ending], { ...facts, tookSeconds: seconds() });
  await world.stop();

  const path = resolve(options.report);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, demoReport(result));
  if (quiet) process.stdout.write(`${JSON.stringify(summaryOf(result), null, 2)}\n`);
  else printEnd(result, relative(process.cwd(), path), print, colour);
  return result.invariants.every(({ held }) => held) ? 0 : 1;
}

/** What the whole story is about: the stolen key answers 401 at the end, and it was cut by the product. */
function endingOf({ world, theft }: Awaited<ReturnType<typeof tellStory>>): DemoReport['invariants'][number] {
  const probe = { model: 'claude-haiku-5-5', requests: 1, uncachedInputTokens: 1, cacheReadTokens: 0, outputTokens: 1 };
  const { status } = world.anthropic.use(theft.value, probe);
  const state = world.ledger().find((record) => record.apiKeyId === theft.apiKeyId)?.state;
  return {
    id: 'end',
    promise: 'The stolen key is dead, and nobody but containment killed it',
    held: status === 401 && everContained(world).has(theft.apiKeyId),
    detail: `${theft.apiKeyId} answers ${status} and is ${state ?? 'unknown'}`,
  };
}

type Colours = ReturnType<typeof createColors>;

function eventLine(event: DemoEvent, colour: Colours): string {
  const paint = { theft: colour.red, alert: colour.yellow, containment: colour.magenta, recovery: colour.green } as const;
  const kind = event.kind.padEnd(11);
  const painted = event.kind in paint ? paint[event.kind as keyof typeof paint](kind) : colour.cyan(kind);
  return `${colour.dim(clockText(event.at))}  ${painted} ${event.subject.padEnd(15)} ${event.text}`;
}

function printEnd(result: DemoReport, path: string, print: (line: string) => void, colour: Colours): void {
  const theft = result.alerts.find(({ alert }) => alert.kind === 'usage-anomaly' && alert.state === 'contained') ?? result.alerts[0];
  if (theft !== undefined) {
    print(`\nWhat people received when it was over: ${result.alerts.length} messages in all; this one on both channels.\n`);
    print(terminalSlackCard(theft.slack, `${clockText(theft.at)} UTC`, { colour: colour.isColorSupported }));
    print('');
    print(terminalEmail(theft.email, `${clockText(theft.at)} UTC`, { colour: colour.isColorSupported }));
  }
  print(`\n${colour.bold('Requests')}`);
  for (const { name, requests, overHttp, failures } of result.consumers) {
    const failed = failures.map(({ cause, count }) => `${count} ${cause}`).join(', ') || 'none';
    print(
      `  ${name.padEnd(15)} ${requests.toLocaleString('en-US').padStart(10)} requests, ${overHttp} of them over HTTP; failed: ${failed}`,
    );
  }
  print(`\n${colour.bold('Promises')}`);
  for (const { id, promise, held, detail } of result.invariants) {
    print(`  ${held ? colour.green('kept  ') : colour.red('BROKEN')} ${id.padEnd(3)} ${promise}: ${detail}`);
  }
  print(`\n${colour.bold('Figures')}`);
  for (const { label, value, note } of result.figures)
    print(`  ${value.padStart(9)}  ${label}${note === undefined ? '' : colour.dim(` (${note})`)}`);
  print(`\nThe report with plots: ${path}`);
}

function summaryOf({ keys, alerts, ...rest }: DemoReport): object {
  return {
    ...rest,
    keys: keys.map(({ name, workspace, profile, lifecycle }) => ({ name, workspace, profile, lifecycle })),
    alerts: alerts.map(({ alert }) => alert),
  };
}

async function version(): Promise<string> {
  const read: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  const found: unknown = read instanceof Object ? Reflect.get(read, 'version') : undefined;
  return typeof found === 'string' ? found : 'unknown';
}

function wrongUse(message: string): number {
  process.stderr.write(`error: ${message}\n(npm run demo -- --help shows every option)\n`);
  return 2;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number from 0 to 999999999 is needed.');
  return Number(text);
}
