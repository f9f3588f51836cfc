import { caseName, caseNamed, casesOf, cleanRun, operationNamed, type Case, type CaseResult } from '../crash.ts';
import { wrongOf } from '../faults.ts';
import { runCases } from '../workers.ts';
import { operations } from '../operations.ts';
import { mixed, sampleOf } from '../sample.ts';
import { tableOf } from '../table.ts';
import { violationText } from '../violation.ts';
import type { Extent, Outcome } from './suite.ts';

interface Choice {
  /** One operation. @default all */
  readonly only?: string | undefined;
  /** One case, as a violation names it. */
  readonly case?: string | undefined;
  /** Only answers that are whole and wrong. */
  readonly wrongAnswers?: boolean;
  /** Each `of`th of the cases, from the `which`th (1, 2, ...) on. @default all */
  readonly shard?: { readonly which: number; readonly of: number } | undefined;
}

/** Each operation on the local world, with a fault at every single call, carried on by one or two runners, and judged by the observer. */
export async function faultsSuite(extent: Extent, choice: Choice): Promise<Outcome> {
  const { seed, jobs, say } = extent;
  const { cases, calls } =
    choice.case === undefined ? await planned(extent, choice) : { cases: [caseNamed(choice.case, seed)], calls: new Map<string, number>() };
  const results: CaseResult[] = [];
  await runCases(cases, jobs, (result) => {
    results.push(result);
    if (result.violations.length > 0) say(`\n${violatedText(result)}\n`);
    if (results.length % 100 === 0) say(`${results.length} of ${cases.length} cases\n`);
  });
  const violated = results.filter((result) => result.violations.length > 0);
  const skipped = results
    .filter((result) => result.skipped !== undefined)
    .map((result) => `${caseName(result.case)} ${whatWasSkipped(result)}`);
  const unreached = results.filter((result) => !result.reached && result.skipped === undefined);
  const aside = [
    ...(unreached.length === 0 ? [] : [`${unreached.length} of them made fewer calls than the run without a fault, and met none`]),
    ...skipped.map((text) => `skipped: ${text}`),
  ]
    .map((line) => `\n${line}`)
    .join('');
  // Whoever asks for one case wants to see it.
  const missed =
    choice.case === undefined
      ? []
      : [
          ...unreached.map((result) => `NOT REACHED ${caseName(result.case)}: no call has that number`),
          ...skipped.map((text) => `SKIPPED ${text}`),
        ];
  return { text: `${tableOf(results, calls)}${aside}`, data: results, violations: [...violated.map(violatedText), ...missed] };
}

async function planned(
  { seed, short, say }: Extent,
  { only, shard, wrongAnswers = false }: Choice,
): Promise<{ readonly cases: readonly Case[]; readonly calls: ReadonlyMap<string, number> }> {
  const chosen = only === undefined ? operations : [operationNamed(only)];
  const calls = new Map<string, number>();
  const cases: Case[] = [];
  for (const [index, operation] of chosen.entries()) {
    const clean = await cleanRun(operation, seed);
    if (clean.violations.length > 0) {
      throw new Error(`${operation.name} fails without any fault:\n${clean.violations.map(violationText).join('\n')}`);
    }
    calls.set(operation.name, clean.calls.length);
    const all = casesOf(operation, clean, seed).filter(({ kind }) => !wrongAnswers || wrongOf(kind) !== undefined);
    cases.push(...(short ? shortForm(all, seed + index) : all));
    say(`${operation.name}: ${clean.calls.length} calls\n`);
  }
  const all = mixed(cases);
  return { cases: shard === undefined ? all : all.filter((_each, index) => index % shard.of === shard.which - 1), calls };
}

/** Of the answers that are wrong a sample of their own: they are many, and would take the place of the others. */
function shortForm(cases: readonly Case[], seed: number): readonly Case[] {
  const isWrong = ({ kind }: Case): boolean => wrongOf(kind) !== undefined;
  const samples = [cases.filter((each) => !isWrong(each)), cases.filter(isWrong)];
  return samples.flatMap((some) => sampleOf(some, operations.length, seed));
}

function whatWasSkipped({ call = 'no call', skipped = '' }: CaseResult): string {
  return `(${call}): ${skipped}`;
}

function violatedText({ case: each, call, violations }: CaseResult): string {
  return [
    `VIOLATED ${caseName(each)}${call === undefined ? '' : ` (${call})`}`,
    ...violations.map((violation) => `  ${violationText(violation)}`),
    `  again: npm run prove:rotation -- --part harm --seed ${each.seed} --case ${caseName(each)}`,
  ].join('\n');
}
