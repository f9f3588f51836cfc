import { count, lasting, moment } from './instants.ts';
import type { BacktestPoint } from './backtest.ts';

/** Less than this much more is no reason by itself. */
const tellingRatio = 1.2;

/**
 * Why there was an alarm, from what was seen and what was expected in its rows: the highest row where it left its range; else the total of
 * the alarm; else that neither stands out.
 */
export function alarmInWords(metrics: readonly string[], points: readonly BacktestPoint[], isEarly: boolean): string {
  const reason =
    highestRow(metrics, points) ?? highestTotal(metrics, points) ?? 'No row of it stands out: what counted is the sum of the hours before.';
  const scores = points.map(({ score }) => score);
  const [highest, lowest] = [Math.max(...scores), Math.min(...scores)];
  const said = [reason];
  if (isEarly) said.push('Little was known of the key by then.');
  if (highest < beginsAt) said.push('A row that arrived late began it, so that the rows shown here were judged before.');
  else if (lowest < beginsAt)
    said.push(`An alarm ends after half an hour of calm: so rows with a score down to ${lowest.toFixed(2)} belong to it.`);
  return said.join(' ');
}

/** Where an alarm begins. */
const beginsAt = 0.5;

/** The row that is furthest above its expected range. */
function highestRow(metrics: readonly string[], points: readonly BacktestPoint[]): string | undefined {
  let furthest: { readonly ratio: number; readonly text: string } | undefined;
  for (const { at, values, expected } of points) {
    for (const [index, value] of values.entries()) {
      const band = expected[index];
      if (value === null || band === undefined || value <= band.high) continue;
      const ratio = value / band.high;
      if (furthest !== undefined && ratio <= furthest.ratio) continue;
      const times = Number.isFinite(ratio) && ratio >= tellingRatio ? `, ${amountText(ratio)} times the top of that range` : '';
      const range = band.high > 0 ? `${amountText(band.low)} to ${amountText(band.high)} was expected${times}` : 'nothing was expected';
      furthest = { ratio, text: `${metrics[index] ?? 'usage'} was ${amountText(value)} on ${moment(at)}, where ${range}.` };
    }
  }
  return furthest?.text;
}

/** The metric whose total in the alarm is furthest above the expected one. */
function highestTotal(metrics: readonly string[], points: readonly BacktestPoint[]): string | undefined {
  const length = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0);
  const totals = metrics.map((metric, index) => {
    const seen = points.reduce((sum, { values }) => sum + (values[index] ?? 0), 0);
    const expected = points.reduce((sum, point) => sum + (point.expected[index]?.typical ?? 0), 0);
    return { metric, seen, expected, ratio: expected === 0 ? 0 : seen / expected };
  });
  const most = totals.reduce((first, second) => (second.ratio > first.ratio ? second : first));
  if (most.ratio < tellingRatio) return undefined;
  const span = length === 0 ? 'in this row' : `in ${lasting(length)}`;
  return `${most.metric} came to ${amountText(most.seen)} ${span}, where about ${amountText(most.expected)} was expected: ${amountText(most.ratio)} times as much.`;
}

/** `1,234`, `12.3`, `0.05`. */
function amountText(value: number): string {
  return value >= 100 ? count.format(value) : String(Number(value.toPrecision(3)));
}
