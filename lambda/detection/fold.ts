import type { Span } from '../../contract/records.ts';
import { asUsual, rateFolder, type Observation, type RateSettings, type RateState, type RateVerdict } from './detectors/rate.ts';
import { isWithin } from './spans.ts';
import { inDetectorUnits } from './units.ts';

interface Alert {
  readonly at: number;
  readonly verdict: RateVerdict;
}

export interface Folded {
  /** The minutes that alert, in time order. */
  readonly alerts: readonly Alert[];
  /** The state before each minute that was asked for. */
  readonly states: ReadonlyMap<number, RateState>;
}

/**
 * Folds minutes, in time order, onto a state. Minutes that are `unlearnt` teach nothing and alert nobody, and what follows them is
 * judged as though usage had been usual until then: the long windows would speak for hours of what was ended.
 */
export function foldMinutes(
  start: RateState,
  observations: readonly Observation[],
  unlearnt: readonly Span[],
  before: readonly number[],
  settings: RateSettings,
): Folded {
  let folder = rateFolder(start, settings);
  let last = start.lastAt;
  const alerts: Alert[] = [];
  const states = new Map<number, RateState>();
  const awaited = [...before].sort((a, b) => a - b);
  const keepUntil = (at: number): void => {
    for (let next = awaited[0]; next !== undefined && next <= at; next = awaited[0]) {
      states.set(next, folder.state());
      awaited.shift();
    }
  };
  for (const observation of observations) {
    const { at, values } = observation;
    keepUntil(at);
    const ended = unlearnt.some(({ to }) => last !== null && last < to && to <= at);
    if (ended) folder = rateFolder(asUsual(folder.state()), settings);
    last = at;
    if (isWithin(unlearnt, at)) {
      folder.fold({ at, values: values.map(() => null) });
      continue;
    }
    const verdict = folder.fold(inDetectorUnits(observation));
    if (verdict.alert) alerts.push({ at, verdict });
  }
  keepUntil(Infinity);
  return { alerts, states };
}
