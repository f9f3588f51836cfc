import type { HeartbeatDefinition } from '../../contract/heartbeat.ts';
import { watchedMetrics, type UsageMetric } from '../../contract/metrics.ts';
import type { Observation } from './detectors.ts';
import type { DetectionPorts } from './ports.ts';

/** A request of the heartbeat is at most this: it asks for one token, and no model takes as much for it. */
const mostOfOneBeat: Readonly<Partial<Record<UsageMetric, number>>> = { outputTokens: 1, estimatedCostUsd: 0.000_5 };

/**
 * What Key Guard sends itself is nobody's usage: on the heartbeat's own key the detector sees beats that are all alike, and whatever comes
 * beside them. Told apart minute by minute, so that no answer depends on where a look begins.
 */
export function withEvenHeartbeat(series: DetectionPorts['series'], heartbeat: HeartbeatDefinition | undefined): DetectionPorts['series'] {
  if (heartbeat === undefined) return series;
  return {
    async read(subject, from, to) {
      const observations = await series.read(subject, from, to);
      return subject === heartbeat.managedKey ? observations.map(evenWhereBeat) : observations;
    },
  };
}

/** A beat costs as much as the dearest could, so that no new price of its model is news. */
export function evenWhereBeat(observation: Observation): Observation {
  const most = watchedMetrics.map((metric) => mostOfOneBeat[metric] ?? 0);
  const isUsed = observation.values.some((value) => value !== null && value > 0);
  const isBeat = isUsed && observation.values.every((value, index) => value === null || value <= (most[index] ?? 0));
  return isBeat
    ? { ...observation, values: observation.values.map((value, index) => (value === null ? null : (most[index] ?? 0))) }
    : observation;
}
