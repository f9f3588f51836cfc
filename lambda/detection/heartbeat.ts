import type { HeartbeatDefinition } from '../../contract/heartbeat.ts';
import { watchedMetrics, type UsageMetric } from '../../contract/metrics.ts';
import type { Observation } from './detectors.ts';
import type { DetectionPorts } from './ports.ts';

/** More than one request of the heartbeat is counted as: it asks for one token, and no model takes as much for it. */
const mostOfOneBeat: Readonly<Partial<Record<UsageMetric, number>>> = { outputTokens: 1, estimatedCostUsd: 0.000_5 };

/**
 * What Key Guard sends itself is nobody's usage: on the heartbeat's own key the detector sees silence, and whatever comes beside
 * it. Told apart minute by minute, so that no answer depends on where a look begins.
 */
export function withoutHeartbeat(series: DetectionPorts['series'], heartbeat: HeartbeatDefinition | undefined): DetectionPorts['series'] {
  if (heartbeat === undefined) return series;
  return {
    async read(subject, from, to) {
      const observations = await series.read(subject, from, to);
      return subject === heartbeat.managedKey ? observations.map(silentWhereBeat) : observations;
    },
  };
}

export function silentWhereBeat(observation: Observation): Observation {
  const isBeat = observation.values.every((value, index) => {
    const metric = watchedMetrics[index];
    return value === null || (metric !== undefined && value <= (mostOfOneBeat[metric] ?? 0));
  });
  return isBeat ? { ...observation, values: observation.values.map((value) => (value === null ? null : 0)) } : observation;
}
