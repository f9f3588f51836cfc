import { watchedMetrics } from '../../contract/metrics.ts';
import type { IncidentFacts } from '../../contract/records.ts';
import type { Answer } from './detectors.ts';

/** What an incident says of an alert. Undefined where there is none. */
export function factsOf({ score, finding }: Answer): IncidentFacts | undefined {
  if (finding === undefined) return undefined;
  const metric = watchedMetrics[finding.metric];
  return {
    score,
    ...(metric === undefined ? {} : { metric }),
    observed: finding.seen,
    expected: finding.expected,
    ...(finding.kind === undefined ? {} : { comparedWith: finding.kind }),
    windowMs: finding.windowMs,
    startedAt: finding.since,
    ...(finding.knownSince === undefined ? {} : { knownSince: finding.knownSince }),
  };
}
