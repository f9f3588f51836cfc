import { apiKeyStates, type ApiKeyState } from '../contract/api-key-states.ts';
import type { DemoLane } from './demo-data.ts';
import { day, lasting, moment } from './instants.ts';
import type { Html } from './markup.ts';
import { html } from './markup.ts';

/** Each fill carries white text at a contrast of 4.5 or better, on light and dark pages alike. */
const fills = {
  standby: '#5b6b80',
  pending: '#a34a06',
  current: '#15743a',
  draining: '#0b6a82',
  inactive: '#6a7078',
  archived: '#3f464f',
  rejected: '#7a25c0',
  contained: '#b3261e',
} as const satisfies Record<ApiKeyState, string>;

const meanings = {
  standby: 'kept inactive',
  pending: 'being proven',
  current: 'in use',
  draining: 'in its grace',
  inactive: 'retired',
  archived: 'gone for ever',
  rejected: 'failed its proof',
  contained: 'cut off',
} as const satisfies Record<ApiKeyState, string>;

const laneHeight = 46;
const top = 22;
const dayMs = 86_400_000;

export const lifecycleStyles = `
.lanes { display: block; width: 100%; overflow: visible; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
.lanes .day { stroke: var(--grid); } .lanes .dayname { fill: var(--soft); } @media (max-width: 720px) { .lanes .dayname.odd { display: none; } } .lanes .lane { fill: var(--ink); font-size: 12.5px; }
.lanes .state { fill: #ffffff; font-weight: 600; pointer-events: none; } .lanes rect { stroke: var(--ground); stroke-width: 1; }
`;

/** One lane for each API key over `from`..`to`, coloured by state, with a legend of the states that occur. */
export function lifecycleFigure(lanes: readonly DemoLane[], from: number, to: number): Html {
  const length = Math.max(1, to - from);
  const percent = (at: number): number => (100 * (Math.min(to, Math.max(from, at)) - from)) / length;
  const height = top + lanes.length * laneHeight + 4;
  const states = apiKeyStates.filter((state) => lanes.some((lane) => lane.spans.some((span) => span.state === state)));
  return html`<figure>
    <figcaption><strong>Life of each API key</strong>Each lane is one key of Anthropic; the colour is its state. Times are UTC.</figcaption>
    <svg class="lanes" role="img" height="${height}" aria-label="${description(lanes)}">
      ${daysBetween(from, to).map((at, index) => dayLine(percent(at), at, height, index % 2 === 0 ? 'even' : 'odd'))}
      ${lanes.map((lane, index) => laneRow(lane, top + index * laneHeight, percent))}
    </svg>
    <ul class="legend">
      ${states.map((state) => html`<li><i style="background:${fills[state]}"></i>${state}: ${meanings[state]}</li>`)}
    </ul>
  </figure>`;
}

function laneRow(lane: DemoLane, y: number, percent: (at: number) => number): Html {
  const hint = withoutPrefix(lane.hint);
  return html`<text class="lane" x="0" y="${y + 13}">${lane.apiKeyId}${hint === '' ? '' : ` (${hint})`}</text> ${lane.spans.map((span) => {
      const left = percent(span.from);
      // A state of seconds must still be seen: two pixels at 1,000.
      const width = Math.max(0.2, percent(span.to) - left);
      return html`<svg x="${share(Math.min(left, 99.8))}%" y="${y + 18}" width="${share(width)}%" height="22">
        <rect width="100%" height="22" rx="3" fill="${fillOf(span.state)}">
          <title>${spanTitle(span)}</title>
        </rect>
        ${width > 9 ? html`<text class="state" x="6" y="15">${span.state}</text>` : html``}
      </svg>`;
    })}`;
}

function spanTitle({ state, from, to, because }: DemoLane['spans'][number]): string {
  const reason = because === undefined ? '' : `: ${because}`;
  return `${state}, ${moment(from)} to ${moment(to)} UTC (${lasting(to - from)})${reason}`;
}

function dayLine(x: number, at: number, height: number, every: 'even' | 'odd'): Html {
  const name = x > 94 ? html`` : html`<text class="dayname ${every}" x="${share(x)}%" dx="3" y="11">${day(at)}</text>`;
  return html`<line class="day" x1="${share(x)}%" x2="${share(x)}%" y1="0" y2="${height}"></line>${name}`;
}

/** The midnights in the range; for a short one, its beginning. */
function daysBetween(from: number, to: number): readonly number[] {
  const step = Math.max(1, Math.ceil((to - from) / dayMs / 12)) * dayMs;
  const days: number[] = [];
  for (let at = Math.ceil(from / dayMs) * dayMs; at < to; at += step) days.push(at);
  return days.length === 0 ? [from] : days;
}

function description(lanes: readonly DemoLane[]): string {
  return lanes
    .map((lane) => `${lane.apiKeyId}: ${lane.spans.map((span) => `${span.state} from ${moment(span.from)}`).join(', ')}`)
    .join('. ');
}

function fillOf(state: string): string {
  const known = apiKeyStates.find((name) => name === state);
  return known === undefined ? '#6a7078' : fills[known];
}

/** `sk-ant-api03-R2D...igAA` becomes `R2D...igAA`: the prefix says nothing, and reports hold nothing that begins like a key. */
function withoutPrefix(hint: string): string {
  return hint.replace(/^sk-ant-[A-Za-z0-9]+-/, '');
}

function share(percent: number): string {
  return percent.toFixed(3);
}
