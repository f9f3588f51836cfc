import { metricMeasure } from './measures.ts';
import type { DemoEvent, DemoKey, DemoReport, DemoSeries } from './demo-data.ts';
import { downsampled } from './downsample.ts';
import { theftsOf, type Theft } from './headline.ts';
import { count, lasting, moment } from './instants.ts';
import { lifecycleFigure } from './lifecycle.ts';
import { html, type Html } from './markup.ts';
import { plotFigure, type Plot } from './plot.ts';

const hourMs = 3_600_000;

/** One managed key: its theft minute by minute where there was one, the whole range, and the life of its API keys. */
export function keySection(key: DemoKey, data: DemoReport): Html {
  const events = data.events.filter(({ subject }) => subject === key.name).sort((a, b) => a.at - b.at);
  const thefts = theftsOf(data).filter(({ subject }) => subject === key.name);
  return html`<section class="key" aria-label="${`Managed key ${key.name}`}">
    <h3>${key.name}</h3>
    <p class="facts">
      <span>Workspace <code>${key.workspace}</code></span
      ><span>Profile ${key.profile}</span><span>Containment ${key.containment}</span>
    </p>
    ${thefts.flatMap((theft) => key.series.map((series) => plotFigure(closeUp(series, theft, events))))}
    ${key.series.map((series) => plotFigure(overview(series, data, thefts, events)))} ${lifecycleFigure(key.lifecycle, data.from, data.to)}
  </section>`;
}

function closeUp(series: DemoSeries, theft: Theft, events: readonly DemoEvent[]): Plot {
  const around = Math.max(hourMs, (theft.to - theft.from) * 2);
  const range = { from: theft.from - around, to: theft.to + around };
  const { label, unit } = metricMeasure(series.metric);
  return {
    title: `The theft, minute by minute: ${label}`,
    caption: describe(series, theft, unit),
    unit,
    data: downsampled(series, range),
    windows: [theft],
    markers: markersOf(events.filter(({ at }) => at >= range.from && at <= range.to)),
  };
}

function overview(series: DemoSeries, data: DemoReport, thefts: readonly Theft[], events: readonly DemoEvent[]): Plot {
  const { label, unit } = metricMeasure(series.metric);
  const drawn = downsampled(series, data);
  const each = drawn.merged === 1 ? 'Each point is a minute.' : `Each point is the mean of ${drawn.merged} minutes.`;
  return {
    title: `${label}, ${lasting(data.to - data.from)}`,
    caption: `${each} Times are UTC.`,
    unit,
    data: drawn,
    windows: thefts,
    markers: markersOf(events).slice(0, 40),
  };
}

/** The plot in words: the highest minute of the theft against what was expected in it. */
function describe(series: DemoSeries, theft: Theft, unit: string): string {
  let highest = -1;
  for (const [index, at] of series.at.entries()) {
    const value = series.observed[index] ?? -1;
    if (at >= theft.from && at <= theft.to && value > (series.observed[highest] ?? -1)) highest = index;
  }
  const value = series.observed[highest];
  if (value === undefined || value === null) return 'No usage was seen during the theft. Times are UTC.';
  const shown = (number: number): string => (unit === 'USD' ? `$${number.toFixed(number < 1 ? 3 : 2)}` : `${count.format(number)} ${unit}`);
  const expected = `${shown(series.low[highest] ?? 0)} to ${shown(series.high[highest] ?? 0)}`;
  return `At its height, ${moment(series.at[highest] ?? theft.from)}, ${shown(value)} a minute where ${expected} was expected. Times are UTC.`;
}

const tones = {
  rotation: 'accent',
  retirement: 'plain',
  theft: 'bad',
  finding: 'warn',
  alert: 'warn',
  containment: 'bad',
  recovery: 'good',
  install: 'plain',
} as const satisfies Record<DemoEvent['kind'], Plot['markers'][number]['tone']>;

/** What an event of a kind is coloured with, everywhere in the report. */
export function toneOf(kind: DemoEvent['kind']): Plot['markers'][number]['tone'] {
  return tones[kind];
}

function markersOf(events: readonly DemoEvent[]): Plot['markers'] {
  return events.map(({ at, text, kind }) => ({ at, text, tone: toneOf(kind) }));
}
