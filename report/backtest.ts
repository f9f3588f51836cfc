import { counted } from '../lambda/foundation/counted.ts';
import { day, lasting, moment } from './instants.ts';
import { html, jsonFor, nothing, type Html } from './markup.ts';
import { pageOf } from './page.ts';
import { plotParts } from './plot.ts';

/** One key's back-test. */
export interface BacktestSeries {
  readonly name: string;
  /** Column names, one per value. */
  readonly metrics: readonly string[];
  /** In order of arrival. */
  readonly rows: readonly BacktestPoint[];
}

interface BacktestPoint {
  /** Epoch ms, UTC. */
  readonly at: number;
  readonly values: readonly (number | null)[];
  readonly expected: readonly { readonly low: number; readonly typical: number; readonly high: number }[];
  readonly score: number;
  readonly alert: boolean;
}

/** Where an alert begins. */
const alertScore = 0.5;
/** More points than a screen is wide do not show; of merged ones the highest value and score stay. */
const mostPoints = 3000;

/** The drawing of `keyguard backtest --report`: values, expected band, score and alerts, in one HTML file that needs nothing else. */
export function backtestReport(series: readonly BacktestSeries[]): string {
  const parts = plotParts();
  // Of the parts, the style sheets and uPlot itself; what draws here is our own.
  return pageOf({
    title: 'Key Guard back-test',
    styles: [...parts.styles, styles],
    scripts: [...parts.scripts.slice(0, 1), client],
    body: html`<header class="top">
        <p class="kicker">Anthropic Key Guard | back-test | times in UTC</p>
        <h1>${headline(series)}</h1>
        <p class="soft">
          The shaded band is what this key does at that hour; red marks alerts. Drag over a plot to look closer, double-click to come back.
        </p>
      </header>
      <main>${series.map(section)}</main>`,
  });
}

function headline(series: readonly BacktestSeries[]): string {
  const rows = series.reduce((sum, { rows: own }) => sum + own.length, 0);
  const alerts = series.reduce((sum, each) => sum + runsOf(inTime(each.rows)).length, 0);
  return `${counted(alerts, 'alert')} in ${counted(rows, 'row')}`;
}

function section({ name, metrics, rows }: BacktestSeries): Html {
  const points = inTime(rows);
  const runs = runsOf(points);
  return html`<section class="key">
    <h3>${name}</h3>
    ${points.length === 0 ? html`<p>No rows.</p>` : nothing} ${points.length === 0 ? nothing : plots(metrics, points, runs)}
    ${runs.length === 0 ? nothing : runTable(runs)}
  </section>`;
}

function plots(metrics: readonly string[], points: readonly BacktestPoint[], runs: readonly Run[]): Html {
  const merged = thinned(points);
  const windows = runs.map(({ from, to }) => [from / 1000, to / 1000]);
  const at = merged.map((point) => point.at / 1000);
  const shown = metrics.map((metric, index) => ({
    title: metric,
    at,
    windows,
    value: merged.map((point) => short(point.values[index] ?? null)),
    low: merged.map((point) => short(point.expected[index]?.low ?? 0)),
    high: merged.map((point) => short(point.expected[index]?.high ?? 0)),
    typical: merged.map((point) => short(point.expected[index]?.typical ?? 0)),
  }));
  const score = { title: 'score', at, windows, value: merged.map((point) => short(point.score)), threshold: alertScore };
  return html`${[...shown, score].map(
    (plot) =>
      html`<figure>
        <figcaption><strong>${plot.title}</strong></figcaption>
        <div class="backtest" role="img" aria-label="${plot.title} over time">
          <script type="application/json">
            ${jsonFor(plot)}
          </script>
          <noscript>This plot is drawn by JavaScript.</noscript>
        </div>
      </figure>`,
  )}`;
}

function runTable(runs: readonly Run[]): Html {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Alert</th>
          <th scope="col">Until</th>
          <th scope="col" class="number">Lasted</th>
          <th scope="col" class="number">Highest score</th>
        </tr>
      </thead>
      <tbody>
        ${runs.map(
          ({ from, to, score }) =>
            html`<tr>
              <td class="when">${moment(from)}</td>
              <td class="when">${day(from) === day(to) ? moment(to).slice(-5) : moment(to)}</td>
              <td class="number">${lasting(to - from)}</td>
              <td class="number">${score.toFixed(3)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly score: number;
}

/** The rows by time, the last word on each instant. */
function inTime(rows: readonly BacktestPoint[]): readonly BacktestPoint[] {
  return [...new Map(rows.map((row) => [row.at, row])).values()].sort((a, b) => a.at - b.at);
}

function runsOf(points: readonly BacktestPoint[]): readonly Run[] {
  const runs: Run[] = [];
  let open = false;
  for (const { at, score, alert } of points) {
    const last = runs.at(-1);
    if (alert && open && last !== undefined) runs[runs.length - 1] = { from: last.from, to: at, score: Math.max(last.score, score) };
    else if (alert) runs.push({ from: at, to: at, score });
    open = alert;
  }
  return runs;
}

function thinned(points: readonly BacktestPoint[]): readonly BacktestPoint[] {
  const step = Math.ceil(points.length / mostPoints);
  if (step <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / step) }, (_, index) => points.slice(index * step, (index + 1) * step)).flatMap(
    (part) => {
      const [first] = part;
      if (first === undefined) return [];
      const values = first.values.map((_, metric) =>
        part.reduce<number | null>((most, point) => higher(most, point.values[metric] ?? null), null),
      );
      return [{ ...first, values, score: Math.max(...part.map((point) => point.score)) }];
    },
  );
}

function higher(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

function short(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(4));
}

const styles = `.backtest { min-height: 160px; } .backtest .uplot { font-family: inherit; }`;

/** Runs in the reader's browser; all plots share one time axis. */
const client = `
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  const short = (value) => {
    const [size, unit] = [[1e9, 'B'], [1e6, 'M'], [1e3, 'k'], [1, '']].find(([size]) => Math.abs(value) >= size) ?? [1, ''];
    return +(value / size).toPrecision(3) + unit;
  };
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const timeMarks = (_plot, marks, _axis, _space, step) => marks.map((seconds, index) => {
    const at = new Date(seconds * 1000);
    const date = at.getUTCDate() + ' ' + months[at.getUTCMonth()];
    const clock = at.toISOString().slice(11, 16);
    return step >= 86400 ? date : index === 0 || clock === '00:00' ? clock + '\\n' + date : clock;
  });
  const shade = (plot, windows) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = colour('theft');
    for (const [from, to] of windows) {
      const left = Math.max(bbox.left, plot.valToPos(from, 'x', true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, 'x', true));
      if (right >= left) ctx.fillRect(left, bbox.top, Math.max(right - left, 2), bbox.height);
    }
    ctx.restore();
  };
  const plots = [...document.querySelectorAll('.backtest')].map((holder) => ({ holder, data: JSON.parse(holder.querySelector('script').textContent) }));
  const draw = (entry) => {
    const { holder, data } = entry;
    const width = Math.floor(holder.clientWidth);
    if (width === 0 || width === entry.width) return;
    entry.width = width;
    entry.drawn?.destroy();
    const line = (name, thickness, more) => ({ stroke: colour(name), width: thickness, points: { show: data.at.length < 100 }, ...more });
    const band = data.low !== undefined;
    const axis = { stroke: colour('soft'), grid: { stroke: colour('grid'), width: 1 }, ticks: { stroke: colour('grid'), width: 1 }, font: '12px system-ui, sans-serif' };
    const legend = (label) => ({ label, value: (_plot, value) => (value === null || value === undefined ? '-' : short(value)) });
    entry.drawn = new uPlot({
      width,
      height: band ? 240 : 150,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      cursor: { sync: { key: 'time' }, y: false },
      scales: { x: { time: true }, y: { range: (_plot, _least, most) => [0, band ? (most || 1) * 1.05 : 1] } },
      axes: [{ ...axis, values: timeMarks, space: 64, size: 46 }, { ...axis, size: 58, values: (_plot, marks) => marks.map(short) }],
      series: [
        { label: 'UTC', value: (_plot, seconds) => (seconds ? new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ') : '-') },
        ...(band ? [line('band', 0, { ...legend('low'), points: { show: false } }), line('band', 0, { ...legend('alert if it lasts an hour'), points: { show: false } })] : []),
        line('typical', 1.25, { dash: [5, 4], points: { show: false }, ...legend(band ? 'expected' : 'alert begins') }),
        line('observed', 1.5, legend(data.title)),
      ],
      bands: band ? [{ series: [2, 1], fill: colour('band') }] : [],
      hooks: { drawAxes: [(plot) => shade(plot, data.windows)] },
    }, band ? [data.at, data.low, clipped(data), data.typical, data.value] : [data.at, data.at.map(() => data.threshold), data.value], holder);
  };
  /** A band far above everything seen would flatten the rest. */
  const clipped = ({ high, value, typical }) => {
    const most = Math.max(...[...value, ...typical].filter((each) => each !== null), 0) * 1.2;
    return high.map((each) => Math.min(each, most));
  };
  const drawAll = () => plots.forEach(draw);
  const again = () => { for (const entry of plots) entry.width = 0; drawAll(); };
  drawAll();
  new ResizeObserver(drawAll).observe(document.body);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
})();
`;
