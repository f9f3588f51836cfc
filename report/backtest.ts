import { counted } from '../lambda/foundation/counted.ts';
import { alertRuns, inTime, type AlertRun } from './alert-runs.ts';
import { alarmInWords } from './alarm-words.ts';
import { count, day, lasting, moment } from './instants.ts';
import { html, jsonFor, nothing, type Html } from './markup.ts';
import { pageOf } from './page.ts';
import { plotParts } from './plot.ts';
import { promiseOf, rateText, type Promised } from './promise.ts';

/** One key's back-test. */
export interface BacktestSeries {
  readonly name: string;
  /** Column names, one per value. */
  readonly metrics: readonly string[];
  /** In order of arrival. */
  readonly rows: readonly BacktestPoint[];
}

export interface BacktestPoint {
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
/** In all plots of the page, so that it loads. */
const mostPointsOfAll = 120_000;
/** More keys than these are closed at first, so that the page can be overlooked. */
const mostOpen = 4;
const mostAlarmsListed = 50;
/** So long the detector knows little of a key: docs/detection.md, "The first days". */
const warmUpMs = 4 * 86_400_000;

/** A key as the page shows it. */
interface Section {
  readonly name: string;
  readonly anchor: string;
  readonly metrics: readonly string[];
  /** In order of time, each instant once. */
  readonly points: readonly BacktestPoint[];
  readonly runs: readonly AlertRun<BacktestPoint>[];
  readonly promise: Promised;
}

/** The drawing of `keyguard backtest --report`: a table of the keys, and for each its values, expected band, score and alarms. One HTML file that needs nothing else. */
export function backtestReport(series: readonly BacktestSeries[], falseAlarmsPerMonth: number): string {
  const sections = series.map(({ name, metrics, rows }, index) => {
    const points = inTime(rows);
    return { name, anchor: `key-${index + 1}`, metrics, points, runs: alertRuns(points), promise: promiseOf(rows, falseAlarmsPerMonth) };
  });
  const parts = plotParts();
  // Of the parts, the style sheets and uPlot itself; what draws here is our own.
  return pageOf({
    title: 'Key Guard back-test',
    styles: [...parts.styles, styles],
    scripts: [...parts.scripts.slice(0, 1), client],
    body: html`<header class="top">
        <p class="kicker">Anthropic Key Guard | back-test | times in UTC</p>
        <h1>${headline(sections)}</h1>
        <p class="soft">
          The deployed detector judged
          ${counted(
            sum(sections, ({ promise }) => promise.rows),
            'row',
          )}
          of ${counted(sections.length, 'key')}, each from that row and earlier ones alone. The dial promises
          ${counted(falseAlarmsPerMonth, 'false alarm')} a month for a key; an alarm about a theft is none of them.
        </p>
      </header>
      <main>
        ${summaryTable(sections)}
        <p class="soft small">Drag over a plot to look closer, double-click to come back.</p>
        ${sections.map((section) => sectionOf(section, sections.length))}
      </main>`,
  });
}

function headline(sections: readonly Section[]): string {
  const alarms = sum(sections, ({ runs }) => runs.length);
  return `${counted(alarms, 'alarm')} raised, ${rateText(sum(sections, ({ promise }) => promise.promised))} false ones promised`;
}

function summaryTable(sections: readonly Section[]): Html {
  const rows = sections.map(({ name, anchor, points, promise, runs }) => {
    const highest = points.reduce((most, { score }) => Math.max(most, score), 0);
    return html`<tr>
      <td class="name"><a href="${`#${anchor}`}">${name}</a></td>
      ${cell('Rows', count.format(promise.rows))} ${cell('From', promise.from === undefined ? '' : day(promise.from))}
      ${cell('Span', promise.from === undefined ? '' : lasting((promise.to ?? 0) - promise.from))}
      ${cell('Alarms', count.format(runs.length), runs.length > promise.promised ? 'warn' : undefined)}
      ${cell('Promised', rateText(promise.promised))} ${cell('Highest score', highest.toFixed(2))}
    </tr>`;
  });
  const total = html`<tr class="total">
    <td class="name">All</td>
    ${cell('Rows', count.format(sum(sections, ({ promise }) => promise.rows)))} ${cell('From', '')} ${cell('Span', '')}
    ${cell('Alarms', count.format(sum(sections, ({ runs }) => runs.length)))}
    ${cell('Promised', rateText(sum(sections, ({ promise }) => promise.promised)))} ${cell('Highest score', '')}
  </tr>`;
  return html`<table class="keys">
    <thead>
      <tr>
        <th scope="col">Key</th>
        ${['Rows', 'From', 'Span', 'Alarms', 'Promised', 'Highest score'].map((title) => html`<th scope="col" class="number">${title}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows} ${sections.length > 1 ? total : nothing}
    </tbody>
  </table>`;
}

function cell(label: string, text: string, tone?: 'warn'): Html {
  return html`<td
    class="${['number', ...(tone === undefined ? [] : [tone]), ...(text === '' ? ['none'] : [])].join(' ')}"
    data-label="${label}"
  >
    ${text}
  </td>`;
}

function sectionOf({ name, anchor, metrics, points, runs, promise }: Section, keys: number): Html {
  const told = html`<summary>
      <h2>${name}</h2>
      <span class="${runs.length === 0 ? 'plain' : 'warn'}">${counted(runs.length, 'alarm')}</span>
      <span class="soft">${counted(promise.rows, 'row')}</span>
    </summary>
    ${points.length === 0 ? html`<p>No rows.</p>` : plots(metrics, points, runs, keys)}
    ${runs.length === 0 ? nothing : alarmTable(metrics, runs, points)}`;
  return keys <= mostOpen
    ? html`<details class="key" id="${anchor}" open>${told}</details>`
    : html`<details class="key" id="${anchor}">${told}</details>`;
}

function plots(metrics: readonly string[], points: readonly BacktestPoint[], runs: Section['runs'], keys: number): Html {
  const merged = thinned(points, Math.min(mostPoints, Math.max(400, Math.floor(mostPointsOfAll / (keys * metrics.length)))));
  const windows = runs.map(({ from, to }) => [from / 1000, to / 1000]);
  const at = merged.map((point) => point.at / 1000);
  const start = points[0]?.at ?? 0;
  const warmUp = [start / 1000, (start + warmUpMs) / 1000];
  const shown = metrics.map((metric, index) => ({
    title: metric,
    at,
    windows,
    warmUp,
    value: merged.map((point) => short(point.values[index] ?? null)),
    low: merged.map((point) => short(point.expected[index]?.low ?? 0)),
    high: merged.map((point) => short(point.expected[index]?.high ?? 0)),
    typical: merged.map((point) => short(point.expected[index]?.typical ?? 0)),
  }));
  const score = { title: 'score', at, windows, warmUp, value: merged.map((point) => short(point.score)), threshold: alertScore };
  const shades = [
    ...(runs.length === 0 ? [] : [{ colour: 'theft', label: 'alarm' }]),
    { colour: 'warm', label: `the first ${lasting(warmUpMs)}, in which little is known of the key` },
  ];
  const inBand = [
    { colour: 'observed', label: 'usage of a row' },
    { colour: 'typical', label: 'expected' },
    { colour: 'band', label: 'expected range' },
  ];
  const inScore = [
    { colour: 'observed', label: 'score of a row' },
    { colour: 'typical', label: `an alarm begins (${alertScore})` },
  ];
  return html`<div class="plots">
    ${[...shown, score].map(
      (plot) =>
        html`<figure>
          <figcaption><strong>${plot.title}</strong></figcaption>
          <div class="backtest" role="img" aria-label="${plot.title} over time">
            <script type="application/json">
              ${jsonFor(plot)}
            </script>
            <noscript>This plot is drawn by JavaScript.</noscript>
          </div>
          <ul class="legend">
            ${[...(plot === score ? inScore : inBand), ...shades].map(({ colour, label }) => html`<li><i style="background:var(--${colour})"></i>${label}</li>`)}
          </ul>
        </figure>`,
    )}
  </div>`;
}

function alarmTable(metrics: readonly string[], runs: Section['runs'], points: readonly BacktestPoint[]): Html {
  const knownFrom = (points[0]?.at ?? 0) + warmUpMs;
  const listed = runs.slice(0, mostAlarmsListed);
  return html`<table class="alarms">
      <thead>
        <tr>
          <th scope="col">Alarm</th>
          <th scope="col" class="number">Lasted</th>
          <th scope="col" class="number">Highest score</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        ${listed.map(
          (run) =>
            html`<tr>
              <td class="when">${moment(run.from)}</td>
              ${cell('Lasted', run.to === run.from ? 'one row' : lasting(run.to - run.from))}
              ${cell('Highest score', Math.max(...run.points.map(({ score }) => score)).toFixed(2))}
              <td class="why">${alarmInWords(metrics, run.points, run.from < knownFrom)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    ${runs.length > listed.length ? html`<p class="soft small">And ${counted(runs.length - listed.length, 'later alarm')}.</p>` : nothing}`;
}

function sum(sections: readonly Section[], of: (section: Section) => number): number {
  return sections.reduce((total, section) => total + of(section), 0);
}

function thinned(points: readonly BacktestPoint[], most: number): readonly BacktestPoint[] {
  const step = Math.ceil(points.length / most);
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

const styles = `
:root { --warm: rgba(120, 128, 138, 0.16); }
.backtest { min-height: 170px; } .backtest .uplot { font-family: inherit; }
.backtest .readout { font-size: 0.8125rem; color: var(--soft); font-variant-numeric: tabular-nums; min-height: 1.5em; }
.keys { margin: 1.5rem 0 0.75rem; } .keys .name { overflow-wrap: anywhere; min-width: 8rem; } .keys .total td { font-weight: 650; border-bottom: 0; }
.alarms .why { min-width: 16rem; } .alarms { margin: 0.5rem 0 1.5rem; }
details.key { border-top: 1px solid var(--line); scroll-margin-top: 0.5rem; } details.key + details.key { margin-top: 0; padding-top: 0; }
details.key > summary { cursor: pointer; padding: 0.6rem 0; display: flex; flex-wrap: wrap; gap: 0.1rem 0.9rem; align-items: baseline; }
details.key > summary::before { content: '\\25B8'; color: var(--soft); } details.key[open] > summary::before { content: '\\25BE'; }
details.key > summary::-webkit-details-marker { display: none; }
details.key h2 { font-size: 1.0625rem; margin: 0; overflow-wrap: anywhere; min-width: 0; }
@media (max-width: 700px) {
  .keys thead, .alarms thead { display: none; } .keys, .keys tbody, .alarms, .alarms tbody { display: block; }
  .keys tr, .alarms tr { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: 0.4rem 0; border-bottom: 1px solid var(--line); }
  .keys td, .alarms td { border: 0; padding: 0; } .keys .name, .alarms .when, .alarms .why { flex: 1 0 100%; min-width: 0; }
  .keys td.none { display: none; } td[data-label]::before { content: attr(data-label) ' '; color: var(--soft); font-size: 0.8125rem; }
}
`;

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
  const shade = (plot, windows, name) => {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = colour(name);
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
    // What is closed has a width in some browsers, and nobody sees it.
    if (width === 0 || width === entry.width || holder.closest('details')?.open === false) return;
    entry.width = width;
    entry.drawn?.destroy();
    holder.querySelector('.readout')?.remove();
    const readout = document.createElement('div');
    readout.className = 'readout';
    const line = (name, thickness, more) => ({ stroke: colour(name), width: thickness, points: { show: data.at.length < 100 }, ...more });
    const band = data.low !== undefined;
    const axis = { stroke: colour('soft'), grid: { stroke: colour('grid'), width: 1 }, ticks: { stroke: colour('grid'), width: 1 }, font: '12px system-ui, sans-serif' };
    const told = (value) => (value === null || value === undefined ? 'none' : short(value));
    const readOut = ({ cursor: { idx } }) => {
      if (idx === null || idx === undefined) return;
      const when = new Date(data.at[idx] * 1000).toISOString().slice(0, 16).replace('T', ' ');
      readout.textContent = when + ' UTC: ' + told(data.value[idx]) + (band ? ', expected ' + told(data.low[idx]) + ' to ' + told(data.high[idx]) : '');
    };
    entry.drawn = new uPlot({
      width,
      height: 220,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      cursor: { sync: { key: 'time' }, y: false },
      scales: { x: { time: true }, y: { range: (_plot, _least, most) => [0, band ? (most || 1) * 1.05 : 1] } },
      axes: [{ ...axis, values: timeMarks, space: 64, size: data.at[data.at.length - 1] - data.at[0] > 3 * 86400 ? 30 : 46 }, { ...axis, size: 58, values: (_plot, marks) => marks.map(short) }],
      legend: { show: false },
      series: [
        {},
        ...(band ? [line('band', 0, { points: { show: false } }), line('band', 0, { points: { show: false } })] : []),
        line('typical', 1.25, { dash: [5, 4], points: { show: false } }),
        line('observed', 1.5),
      ],
      bands: band ? [{ series: [2, 1], fill: colour('band') }] : [],
      hooks: { drawAxes: [(plot) => shade(plot, [data.warmUp], 'warm'), (plot) => shade(plot, data.windows, 'theft')], setCursor: [readOut] },
    }, band ? [data.at, data.low, clipped(data), data.typical, data.value] : [data.at, data.at.map(() => data.threshold), data.value], holder);
    holder.append(readout);
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
  for (const key of document.querySelectorAll('details.key')) key.addEventListener('toggle', drawAll);
  // A link to a key that is closed opens it.
  const open = () => { const key = document.getElementById(location.hash.slice(1)); if (key !== null) { key.open = true; key.scrollIntoView(); } };
  addEventListener('hashchange', open);
  open();
  addEventListener('beforeprint', () => { for (const key of document.querySelectorAll('details.key')) if (key.querySelector('.alarms') !== null) key.open = true; drawAll(); });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
})();
`;
