import { metricMeasure } from './measures.ts';
import type { DemoEvent, DemoKey, DemoReport, DemoSeries } from './demo-data.ts';
import { downsampled } from './downsample.ts';
import { theftsOf, type Theft } from './headline.ts';
import { count, lasting, moment } from './instants.ts';
import { lifecycleFigure } from './lifecycle.ts';
import { html, type Html } from './markup.ts';
import { markerList, plotFigure, type Plot } from './plot.ts';

const hourMs = 3_600_000;
const mostMarkers = 40;

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
    ${thefts.map((theft) => closeUps(key, theft, events))} ${overviews(key, data, thefts, events)}
    ${lifecycleFigure(key.lifecycle, data.from, data.to)}
  </section>`;
}

function closeUps(key: DemoKey, theft: Theft, events: readonly DemoEvent[]): Html {
  const range = closeRange(theft);
  const markers = markersOf(events.filter((event) => within(event.at, range)));
  const plots = key.series.map((series) => {
    const { label, unit } = metricMeasure(series.metric);
    const title = `The theft, minute by minute: ${label.toLowerCase()}`;
    return plotFigure({ title, caption: describe(series, theft, unit), unit, data: downsampled(series, range), windows: [theft], markers });
  });
  return html`<div class="plots">${plots}</div>
    ${markerList(markers)}`;
}

/** The whole run. What happened during a theft stands in its close-up, so only its beginning is marked here. */
function overviews(key: DemoKey, data: DemoReport, thefts: readonly Theft[], events: readonly DemoEvent[]): Html {
  const told = events.filter((event) => event.kind === 'theft' || !thefts.some((theft) => within(event.at, closeRange(theft))));
  const markers = markersOf(told).slice(0, mostMarkers);
  const plots = key.series.map((series) => {
    const { label, unit } = metricMeasure(series.metric);
    const drawn = downsampled(series, data);
    const each = drawn.merged === 1 ? 'A point is a minute.' : `A point is the mean of ${drawn.merged} minutes.`;
    const ceiling = thefts.length === 0 ? undefined : quietCeiling(drawn.peak, drawn.high, drawn.at, thefts);
    const above = ceiling === undefined ? '' : ' The theft goes beyond the top.';
    return plotFigure({
      title: `${label} a minute, ${lasting(data.to - data.from)}`,
      caption: `${each}${above} Times are UTC.`,
      unit,
      data: drawn,
      windows: thefts,
      markers,
      ...(ceiling === undefined ? {} : { ceiling }),
    });
  });
  return html`<div class="plots">${plots}</div>
    ${markerList(markers)}`;
}

/** The highest that ordinary traffic and its band reach; undefined where the theft does not rise above that. */
function quietCeiling(
  peak: readonly (number | null)[],
  high: readonly number[],
  at: readonly number[],
  thefts: readonly Theft[],
): number | undefined {
  const stolen = (seconds: number): boolean =>
    thefts.some(({ from, to }) => within(seconds * 1000, { from: from - hourMs / 6, to: to + hourMs / 6 }));
  let quiet = Math.max(0, ...high);
  let highest = quiet;
  for (const [index, value] of peak.entries()) {
    if (value === null) continue;
    highest = Math.max(highest, value);
    if (!stolen(at[index] ?? 0)) quiet = Math.max(quiet, value);
  }
  return highest > quiet * 1.5 && quiet > 0 ? quiet : undefined;
}

function closeRange(theft: Theft): { readonly from: number; readonly to: number } {
  const around = Math.max(hourMs, (theft.to - theft.from) * 2);
  return { from: theft.from - around, to: theft.to + around };
}

function within(at: number, range: { readonly from: number; readonly to: number }): boolean {
  return at >= range.from && at <= range.to;
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
  const shown = (number: number): string => (unit === 'USD' ? `$${number.toFixed(number < 1 ? 3 : 2)}` : count.format(number));
  const expected = `${shown(series.low[highest] ?? 0)} to ${shown(series.high[highest] ?? 0)}`;
  const noun = unit === 'USD' ? '' : ` ${unit}`;
  return `At its height, ${moment(series.at[highest] ?? theft.from)}, ${shown(value)}${noun} a minute where ${expected} were expected. Times are UTC.`;
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
