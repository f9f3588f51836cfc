import { watchedMetrics, type UsageMetric } from '../../contract/metrics.ts';
import type { IncidentFacts } from '../../contract/records.ts';
import type { Observation } from './detectors.ts';
import type { RateVerdict } from './detectors/rate.ts';

/**
 * The detector's floors count units that matter little one by one, such as tokens. So money is given to it in
 * hundred-thousandths of a USD.
 */
export const detectorUnits: Readonly<Record<UsageMetric, number>> = {
  inputTokens: 1,
  cacheReadTokens: 1,
  outputTokens: 1,
  estimatedCostUsd: 100_000,
};

export function inDetectorUnits({ at, values }: Observation): Observation {
  return {
    at,
    values: values.map((value, index) => {
      const metric = watchedMetrics[index];
      return value === null || metric === undefined ? null : value * detectorUnits[metric];
    }),
  };
}

/** What a verdict rests on, in people's units. */
export function factsOf({ explanation, score }: RateVerdict): IncidentFacts {
  if (explanation === undefined) return { score };
  const metric = watchedMetrics[explanation.metric];
  const unit = metric === undefined ? 1 : detectorUnits[metric];
  return {
    score,
    ...(metric === undefined ? {} : { metric }),
    observed: explanation.seen / unit,
    expected: explanation.expected / unit,
    startedAt: explanation.since,
  };
}
