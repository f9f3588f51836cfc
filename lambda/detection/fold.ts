import type { IncidentFacts, Span } from '../../contract/records.ts';
import type { DetectorSettings, Memory, Observation } from './detectors.ts';
import { factsOf } from './facts.ts';
import { isWithin } from './spans.ts';

export interface Alert {
  readonly at: number;
  readonly facts: IncidentFacts;
  /** Of its finding: how far above where an alert begins, in decades; Infinity where it is certain. */
  readonly margin: number;
  /** What is typical at this time of day: one a metric, in its unit and bucket. */
  readonly typical: readonly number[];
}

export interface Folded {
  /** The minutes that alert, in time order. */
  readonly alerts: readonly Alert[];
  /** The memory before each minute that was asked for. */
  readonly memories: ReadonlyMap<number, Memory>;
  /** Of the memory after all of them. */
  readonly adoptedAt: number | undefined;
}

/** What people or containment have said of some minutes. */
export interface Judged {
  readonly unlearnt: readonly Span[];
  readonly accepted: readonly Span[];
}

/**
 * Folds minutes, in time order, onto a memory. Minutes that are `unlearnt` teach nothing and alert nobody, and what follows them is
 * judged as though usage had been usual until then: the long windows would speak for hours of what was ended. What is `accepted` alerts
 * nobody either, and teaches all that it holds.
 */
export function foldMinutes(
  start: Memory,
  observations: readonly Observation[],
  { unlearnt, accepted }: Judged,
  before: readonly number[],
  settings: DetectorSettings,
): Folded {
  let folder = start.folder(settings);
  let last = start.lastAt;
  let { adoptedAt } = start;
  const alerts: Alert[] = [];
  const memories = new Map<number, Memory>();
  const awaited = [...before].sort((a, b) => a - b);
  const keepUntil = (at: number): void => {
    for (let next = awaited[0]; next !== undefined && next <= at; next = awaited[0]) {
      memories.set(next, folder.memory());
      awaited.shift();
    }
  };
  for (const observation of observations) {
    const { at, values } = observation;
    keepUntil(at);
    const ended = unlearnt.some(({ to }) => last !== null && last < to && to <= at);
    if (ended) folder = folder.memory().asUsual().folder(settings);
    last = at;
    if (isWithin(unlearnt, at)) {
      folder.fold({ at, values: values.map(() => null) });
      continue;
    }
    const answer = folder.fold(isWithin(accepted, at) ? { ...observation, isAccepted: true } : observation);
    const facts = factsOf(answer);
    const { finding, expected } = answer;
    ({ adoptedAt } = answer);
    if (facts !== undefined)
      alerts.push({ at, facts, margin: finding?.margin ?? Infinity, typical: expected.map(({ typical }) => typical) });
  }
  keepUntil(Infinity);
  return { alerts, memories, adoptedAt };
}
