import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ablated, ablationNames } from './detection/ablations.ts';
import { baselines, before, envelope, held, inFleet, type Alerts, type Scores } from './detection/detectors.ts';
import { figuresOf, intervals, outcomeOf, type Figures, type Interval, type Outcome } from './detection/score.ts';
import { dayMs, drawnBackgrounds, rareBackgrounds, tracedBackgrounds, type Background, type Part } from './detection/series.ts';
import { kinds, robbed, type Kind, type Robbed } from './detection/thefts.ts';

const help = `npm run bench:detection -- [--traces FOLDER] [--seeds N] [--quick] [--no-ablations] [--fleets] [--json]

How well the detector finds thefts, beside well-known ways, at one alarm a key and month, with one value a series.
Thefts of nine kinds are added to drawn usage and, with --traces, to real usage (ServeGen, NAB). The same options give the same figures.
  --traces FOLDER  holds llm-usage-10min.csv.gz and nab-realAWSCloudwatch
  --seeds N        how many keys are drawn of each profile (default 4)
  --quick          fewer series, no ablations: some twenty seconds
  --no-ablations   leave them out
  --fleets         instead: one alarm a month for 1, 10, 50 and 1,000 keys together
  --json           for machines
`;

interface Row {
  readonly name: string;
  readonly part: Part;
  readonly all: Figures;
  readonly intervals: ReturnType<typeof intervals>;
  readonly bySet: Readonly<Record<string, Figures>>;
  readonly byKind: Readonly<Record<Kind, Figures>>;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      traces: { type: 'string' },
      seeds: { type: 'string', default: '4' },
      quick: { type: 'boolean', default: false },
      fleets: { type: 'boolean', default: false },
      'no-ablations': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const seeds = Number(values.seeds);
  if (!Number.isInteger(seeds) || seeds < 2) throw new RangeError('--seeds wants a whole number, 2 or more: every second one is held out');
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const series = seriesOf(values.quick ? 2 : seeds, values.quick, values.traces);
  progress(`${series.length} series of ${new Set(series.map(({ source }) => source)).size} sources`);
  if (values.fleets) {
    const fleets = [1, 10, 50, 1000].map((keys) => fleetOf(keys, series, progress));
    if (values.json) process.stdout.write(`${JSON.stringify({ series: series.length, fleets }, null, 2)}\n`);
    else for (const fleet of fleets) process.stdout.write(`${fleetText(fleet)}\n`);
    return;
  }
  const rows: Row[] = [];
  const measure = (name: string, alerts: Alerts): void => {
    progress(name);
    rows.push(...rowsOf(name, series, alerts));
  };
  measure('this detector', envelope);
  measure('the detector before', before);
  const target = rows[0]?.all.falseAlarmsPerWeek ?? 0;
  for (const [name, scores] of Object.entries(baselines)) {
    progress(name);
    rows.push(...rowsOfBaseline(name, series, scores, target));
  }
  if (!values.quick && !values['no-ablations'])
    for (const name of ablationNames) {
      progress(name);
      rows.push(rowOf(name, 'tuned', outcomesOf(series, 'tuned', await ablated(name))));
    }
  if (values.json) process.stdout.write(`${JSON.stringify({ series: series.length, rows }, null, 2)}\n`);
  else print(rows, (line) => void process.stdout.write(`${line}\n`));
}

interface Fleet {
  readonly keys: number;
  /** Of the whole fleet, a month; the series stand for its keys, so it is that of one times their number. */
  readonly falseAlarmsPerMonth: number;
  readonly interval: Interval;
  /** The same of a fleet whose keys are known for a week or longer. */
  readonly afterAWeek: number;
  readonly digestsPerMonth: number;
  readonly recall: number;
  readonly recallWithDigest: number;
}

/** One alarm a month is accepted for all keys together; each part of the series counts. */
function fleetOf(keys: number, series: readonly Robbed[], progress: (text: string) => void): Fleet {
  progress(`${keys} keys`);
  const judge = inFleet(keys);
  const judged = series.map((each) => ({ each, ...judge(each) }));
  const alarms = judged.map(({ each, alarms: own }) => outcomeOf(each, own));
  const all = judged.map(({ each, found }) => outcomeOf(each, found));
  const month = (perWeek: number): number => ((perWeek * 30) / 7) * keys;
  const week = (each: Robbed): number => Math.round((7 * dayMs) / each.intervalMs);
  const later = judged.map(({ each, alarms: own }) => {
    const first = outcomeOf(
      each,
      own.map((alarm, index) => alarm && index < week(each)),
    );
    const outcome = outcomeOf(each, own);
    return { ...outcome, weeks: outcome.weeks - 1, falseAlarms: outcome.falseAlarms - first.falseAlarms };
  });
  const [low, high] = intervals(alarms).falseAlarmsPerWeek;
  return {
    keys,
    falseAlarmsPerMonth: month(figuresOf(alarms).falseAlarmsPerWeek),
    interval: [month(low), month(high)],
    afterAWeek: month(figuresOf(later).falseAlarmsPerWeek),
    digestsPerMonth: month(figuresOf(all).falseAlarmsPerWeek - figuresOf(alarms).falseAlarmsPerWeek),
    recall: figuresOf(alarms).recall,
    recallWithDigest: figuresOf(all).recall,
  };
}

function fleetText({ keys, falseAlarmsPerMonth, interval, afterAWeek, digestsPerMonth, recall, recallWithDigest }: Fleet): string {
  const two = (value: number): string => value.toFixed(2);
  return (
    `${keys} keys, one alarm a month accepted: ${two(falseAlarmsPerMonth)} (${interval.map(two).join(' to ')}), ` +
    `${two(afterAWeek)} where all are known for a week; ${two(digestsPerMonth)} more in digests; ` +
    `recall ${two(recall)}, with digests ${two(recallWithDigest)}`
  );
}

/** Each background with a theft of some kinds; of a short one the kinds take turns. */
function seriesOf(seeds: number, quick: boolean, traces: string | undefined): readonly Robbed[] {
  const numbers = Array.from({ length: seeds }, (_, index) => index + 1);
  const days = quick ? 16 : 24;
  const drawn = drawnBackgrounds(days, numbers);
  const rare = rareBackgrounds(days, numbers);
  const traced = traces === undefined ? [] : tracedBackgrounds(traces);
  const each = quick ? 2 : 4;
  const some = (background: Background, index: number, from: readonly Kind[]): readonly Robbed[] =>
    Array.from({ length: each }, (_, turn) => robbed(background, from[(index * each + turn) % from.length] ?? 'burst', index * 31 + turn));
  return [
    ...drawn.flatMap((background, index) => some(background, index, kinds)),
    ...rare.flatMap((background, index) => some(background, index, ['burst', 'steady', 'second burst', 'probe, then burst'])),
    ...(quick ? traced.filter((_, index) => index % 4 < 2) : traced).flatMap((background, index) => some(background, index, kinds)),
  ];
}

const partsOf: readonly Part[] = ['tuned', 'held out'];

function rowsOf(name: string, series: readonly Robbed[], alerts: Alerts): readonly Row[] {
  return partsOf.map((part) => rowOf(name, part, outcomesOf(series, part, alerts)));
}

function outcomesOf(series: readonly Robbed[], part: Part, alerts: Alerts): readonly Outcome[] {
  return series.filter((each) => each.part === part).map((each) => outcomeOf(each, alerts(each)));
}

/** Its threshold is the lowest that gives no more false alarms on the tuned part than `target` a week. */
function rowsOfBaseline(name: string, series: readonly Robbed[], scores: Scores, target: number): readonly Row[] {
  const scored = series.map((each) => ({ each, scores: scores(each) }));
  const outcomes = (part: Part, threshold: number): readonly Outcome[] =>
    scored.filter(({ each }) => each.part === part).map(({ each, scores: own }) => outcomeOf(each, held(each.intervalMs, own, threshold)));
  let [low, high] = [0, Math.log(1e6)];
  for (let step = 0; step < 14; step += 1) {
    const middle = (low + high) / 2;
    if (figuresOf(outcomes('tuned', Math.exp(middle))).falseAlarmsPerWeek > target) low = middle;
    else high = middle;
  }
  return partsOf.map((part) => rowOf(`${name} (k = ${Math.exp(high).toPrecision(3)})`, part, outcomes(part, Math.exp(high))));
}

function rowOf(name: string, part: Part, outcomes: readonly Outcome[]): Row {
  const sets = [...new Set(outcomes.map(({ set }) => set))];
  return {
    name,
    part,
    all: figuresOf(outcomes),
    intervals: intervals(outcomes),
    bySet: Object.fromEntries(sets.map((set) => [set, figuresOf(outcomes.filter((outcome) => outcome.set === set))])),
    byKind: Object.fromEntries(kinds.map((kind) => [kind, figuresOf(outcomes, kind)])) as Record<Kind, Figures>,
  };
}

function print(rows: readonly Row[], line: (text: string) => void): void {
  const two = (value: number): string => value.toFixed(2).replace(/^0\./, '.');
  const between = ([low, high]: Interval): string => `${two(low)}-${two(high)}`;
  const minutes = (value: number | undefined): string => (value === undefined ? '-' : String(Math.round(value)));
  const width = Math.max(...rows.map(({ name }) => name.length)) + 1;
  for (const part of partsOf) {
    const own = rows.filter((row) => row.part === part);
    line(`\n${part}: ${own[0]?.all.thefts ?? 0} thefts; in brackets where nine of ten redraws of the sources lie`);
    line(
      `${''.padEnd(width)}${['recall', 'precision', 'F1', 'false alarms/week', 'minutes', 'stolen before'].map((each) => each.padStart(18)).join('')}`,
    );
    for (const { name, all, intervals: around } of own)
      line(
        name.padEnd(width) +
          [
            `${two(all.recall)} (${between(around.recall)})`,
            `${two(all.precision)} (${between(around.precision)})`,
            `${two(all.f1)} (${between(around.f1)})`,
            `${two(all.falseAlarmsPerWeek)} (${between(around.falseAlarmsPerWeek)})`,
            minutes(all.delayMinutes),
            `${two(all.stolenBefore)} (${between(around.stolenBefore)})`,
          ]
            .map((each) => each.padStart(18))
            .join(''),
      );
  }
  for (const part of partsOf) {
    const [first] = rows.filter((row) => row.part === part);
    if (first === undefined) continue;
    line(`\n${first.name}, ${part}: recall, F1, false alarms a week, median minutes`);
    for (const [set, { thefts, recall, f1, falseAlarmsPerWeek, delayMinutes }] of Object.entries(first.bySet))
      line(`  ${set.padEnd(32)}${two(recall)} ${two(f1)} ${two(falseAlarmsPerWeek)} ${minutes(delayMinutes)} (${thefts} thefts)`);
    for (const kind of kinds) {
      const { thefts, recall, delayMinutes, stolenBefore } = first.byKind[kind];
      line(
        `  ${kind.padEnd(32)}${two(recall)} found, after ${minutes(delayMinutes)} minutes, ${two(stolenBefore)} stolen before (${thefts})`,
      );
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
