import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Drawn } from './downsample.ts';
import { moment } from './instants.ts';
import { html, jsonFor, nothing, type Html } from './markup.ts';

export interface Plot {
  readonly title: string;
  readonly caption: string;
  /** What the vertical axis counts: `tokens`, `USD`. */
  readonly unit: string;
  readonly data: Drawn;
  /** Where the vertical axis ends, for a plot whose peaks are shown elsewhere. */
  readonly ceiling?: number;
  /** Shaded from edge to edge; ms, UTC. */
  readonly windows: readonly { readonly from: number; readonly to: number }[];
  /** Numbered on top of the plot and listed beneath it; ms, UTC. */
  readonly markers: readonly { readonly at: number; readonly text: string; readonly tone: 'good' | 'bad' | 'warn' | 'accent' | 'plain' }[];
}

const colours = [
  { name: 'observed', label: 'observed' },
  { name: 'peak', label: 'highest minute of each point' },
  { name: 'typical', label: 'expected' },
  { name: 'band', label: 'expected range' },
  { name: 'theft', label: 'stolen key in use' },
] as const;

/** A time series with its expected band, event markers and shaded windows. The browser draws it from the JSON inside. */
export function plotFigure(plot: Plot): Html {
  if (plot.data.at.length === 0) {
    return html`<figure>
      <figcaption><strong>${plot.title}</strong>No data in this range.</figcaption>
    </figure>`;
  }
  const shown = colours.filter(({ name }) => (name === 'peak' ? plot.data.merged > 1 : name !== 'theft' || plot.windows.length > 0));
  return html`<figure class="plot-figure">
    <figcaption><strong>${plot.title}</strong>${plot.caption}</figcaption>
    <div class="plot" role="img" aria-label="${`${plot.title}. ${plot.caption}`}">
      <script type="application/json">
        ${jsonFor({ ...plot.data, unit: plot.unit, ceiling: plot.ceiling, windows: plot.windows, markers: plot.markers.map(({ at, tone }) => ({ at, tone })) })}
      </script>
      <noscript>This plot is drawn by JavaScript.</noscript>
    </div>
    <ul class="legend">
      ${shown.map(({ name, label }) => html`<li><i style="background:var(--${name})"></i>${label}</li>`)}
    </ul>
  </figure>`;
}

/** The list that the numbers on top of plots refer to. */
export function markerList(markers: Plot['markers']): Html {
  if (markers.length === 0) return nothing;
  return html`<ol class="markers">
    ${markers.map(({ at, text, tone }) => html`<li class="${tone}"><span class="when">${moment(at)}</span> <span class="what">${text}</span></li>`)}
  </ol>`;
}

/** What plots need in the page: uPlot and our drawing code, read where npm put them. */
export function plotParts(): { readonly styles: readonly string[]; readonly scripts: readonly string[] } {
  const require = createRequire(import.meta.url);
  const look = readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8');
  const library = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8');
  const client = readFileSync(new URL('./plot-client.js', import.meta.url), 'utf8');
  return { styles: [look, plotStyles], scripts: [library, client] };
}

const plotStyles = `
.plot { min-height: 260px; } .plot .uplot { font-family: inherit; }
.plot .readout { font-size: 0.8125rem; color: var(--soft); font-variant-numeric: tabular-nums; min-height: 1.5em; }
.markers { font-size: 0.875rem; margin: 0 0 1.5rem; padding: 0; list-style: none; counter-reset: marker; columns: 2 20rem; column-gap: 2rem; }
.markers li { counter-increment: marker; break-inside: avoid; padding: 0.1rem 0; display: grid; grid-template-columns: 1.45rem max-content minmax(0, 1fr); gap: 0 0.5rem; align-items: baseline; }
.markers li::before { content: counter(marker); text-align: center; font-size: 0.75rem; font-weight: 700; border: 1px solid currentColor; border-radius: 99px; }
@media (max-width: 520px) { .markers li { grid-template-columns: 1.45rem minmax(0, 1fr); } .markers .what { grid-column: 2; } }
.markers .when { color: var(--soft); font-variant-numeric: tabular-nums; } .markers .what { color: var(--ink); }
`;
