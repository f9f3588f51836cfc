import { comparisons } from '../../../../contract/records.ts';
import {
  fits,
  flag,
  list,
  number,
  oneOf,
  optional,
  orNull,
  shaped,
  versionOne,
  type Check,
  type Data,
  type Fields,
} from '../../../../contract/shape.ts';
import { minuteMs } from '../../../foundation/clock.ts';
import { counted } from '../../../foundation/counted.ts';
import { levelWindows, rememberedSlots, windows } from './parameters.ts';
import { alertPhases, type ColumnState, type EnvelopeState, type WindowState } from './state.ts';
import type { TailState } from './tail.ts';

/** Rates reach 1e15, instants 1e13; ratios and sums of rates stay below this. */
const greatestNumber = 1e60;
/** An item of the table holds 400 KB. */
const greatestText = 200_000;

const amount: Check<number> = (value): value is number => number(value) && Math.abs(value) <= greatestNumber;

function exactly<T>(length: number, check: Check<T>): Check<readonly T[]> {
  const isList = list(check);
  return (value): value is readonly T[] => isList(value) && value.length === length;
}

function upTo<T>(length: number, check: Check<T>): Check<readonly T[]> {
  const isList = list(check);
  return (value): value is readonly T[] => isList(value) && value.length <= length;
}

const tailShape = { excesses: amount, sum: amount, blocks: amount, peak: amount, waiting: upTo(5, orNull(amount)) } satisfies Fields;
const tail = shaped(tailShape);

const noise = shaped({ levelSum: amount, levelWeight: amount, noiseSum: amount, noiseWeight: amount, previous: orNull(amount) });

const windowShape = {
  taught: exactly(rememberedSlots, amount),
  /** What really was, where it differs from what was taught: place in the ring and sum. */
  raw: upTo(rememberedSlots, exactly(2, amount)),
  taughtNow: amount,
  rawNow: amount,
  level: amount,
  tail,
  reference: shaped({
    small: amount,
    envelope: orNull(amount),
    raised: orNull(amount),
    days: amount,
    average: orNull(amount),
    least: amount,
    seenBefore: amount,
  }),
} satisfies Fields;

const columnShape = {
  fine: upTo(1 + 288, amount),
  roots: upTo(1 + 288, amount),
  newest: upTo(300, amount),
  fineIndex: orNull(amount),
  fineSum: amount,
  closed: exactly(windows.length, amount),
  windows: exactly(windows.length, shaped(windowShape)),
  levelTails: exactly(levelWindows.length, tail),
  use: noise,
  steadiness: noise,
  wasSuspicious: flag,
  knownInSlot: amount,
  knownBuckets: amount,
  used: amount,
  quiet: amount,
  longestQuiet: amount,
  wokeAt: orNull(amount),
  wakeMargin: amount,
} satisfies Fields;

const stateShape = {
  version: versionOne,
  intervalMs: amount,
  firstAt: orNull(amount),
  lastAt: orNull(amount),
  columns: list(shaped(columnShape)),
  hot: amount,
  isAdopting: flag,
  adoptedAt: optional(amount),
  alert: shaped({
    phase: oneOf(alertPhases),
    beganAt: orNull(amount),
    onSince: orNull(amount),
    calmSince: orNull(amount),
    peak: amount,
    coolUntil: orNull(amount),
    strongest: orNull(
      shaped({
        kind: oneOf(comparisons),
        metric: amount,
        windowMs: amount,
        seen: amount,
        expected: amount,
        since: amount,
        margin: amount,
      }),
    ),
  }),
} satisfies Fields;
type Stored = Data<typeof stateShape>;

/**
 * The state as text for the table: a number attribute could not hold each number that folding makes. Throws TypeError for a state that
 * could not be read back.
 */
export function envelopeText(state: EnvelopeState): string {
  const stored: Stored = { ...state, columns: state.columns.map((column) => ({ ...column, windows: column.windows.map(storedWindow) })) };
  const text = JSON.stringify(stored);
  if (text.length > greatestText) throw new TypeError(`state is ${counted(text.length, 'character')} long, more than ${greatestText}`);
  readEnvelope(JSON.parse(text));
  return text;
}

function storedWindow(window: WindowState): Stored['columns'][number]['windows'][number] {
  const raw = window.raw.flatMap((sum, index) => (sum === window.taught[index] ? [] : [[index, sum]]));
  return { ...window, raw };
}

/**
 * The state as it was stored, of so many metrics and folded up to the minute that it names and not further; else it would keep the
 * detector from minutes that it has never seen. Throws TypeError in plain words.
 */
export function recallEnvelope(stored: unknown, metrics: number, foldedUntil: number): EnvelopeState {
  const state = readEnvelope(stored);
  const { columns, alert } = state;
  if (columns.length !== metrics) throw new TypeError(`it has ${counted(columns.length, 'metric')}, not ${metrics}`);
  if (state.intervalMs !== minuteMs && state.lastAt !== null) throw new TypeError(`it was folded in steps of ${state.intervalMs} ms`);
  const instants = [
    state.firstAt,
    state.lastAt,
    state.adoptedAt ?? null,
    alert.beganAt,
    alert.onSince,
    alert.calmSince,
    ...columns.map(({ wokeAt }) => wokeAt),
  ];
  if (instants.some((at) => at !== null && (at < 0 || at >= foldedUntil)))
    throw new TypeError('it holds an instant after the minute up to which it was folded');
  return state;
}

/** The state as it was stored. Throws TypeError, naming the field, for anything that folding cannot have made. */
export function readEnvelope(stored: unknown): EnvelopeState {
  if (!fits(stored, stateShape)) throw new TypeError(`state: ${unfit(stored, stateShape).join(', ')} cannot be read`);
  const { columns, alert, ...rest } = stored;
  return { ...rest, columns: columns.map(readColumn), alert: { ...alert } };
}

function readColumn({
  fine,
  roots,
  newest,
  closed,
  use,
  steadiness,
  windows: stored,
  levelTails,
  ...rest
}: Stored['columns'][number]): ColumnState {
  return {
    ...rest,
    fine: [...fine],
    roots: [...roots],
    newest: [...newest],
    use: { ...use },
    steadiness: { ...steadiness },
    closed: [...closed],
    levelTails: levelTails.map(readTail),
    windows: stored.map(({ taught, raw, tail: ofWindow, ...window }) => {
      const real = [...taught];
      for (const [index = 0, sum = 0] of raw) real[index] = sum;
      return { ...window, taught: [...taught], raw: real, tail: readTail(ofWindow) };
    }),
  };
}

function readTail({ waiting, ...rest }: Data<typeof tailShape>): TailState {
  return { ...rest, waiting: [...waiting] };
}

/** The places, two levels deep, of what is not what it must be. */
function unfit(value: unknown, fields: Fields): readonly string[] {
  if (!(value instanceof Object)) return ['all of it'];
  const wrong = Object.keys(fields).filter((name) => fields[name]?.(Reflect.get(value, name)) !== true);
  const columns: unknown = Reflect.get(value, 'columns');
  if (!wrong.includes('columns') || !Array.isArray(columns) || fields !== stateShape) return wrong;
  return columns.flatMap((column, index) => unfit(column, columnShape).map((name) => `columns[${index}].${name}`));
}
