import type { ProfileName } from '../../local/traffic/profiles.ts';
import { bySlot, mean, measure } from './measure.ts';
import type { Series } from './measure.ts';

/** Below this share of active buckets a key is a handful of jobs, too few to tell an hour of the day. */
const SPARSE_ACTIVE = 0.15;
const ALWAYS_ACTIVE = 0.9;

/** Which kind a key is. The bounds were set by looking at the keys of the ten-minute trace; another trace may want others. */
export function kindOf(series: Series): ProfileName {
  const { active, dailyR2, residualLogSd } = measure(series);
  if (active < SPARSE_ACTIVE) return 'sparse';
  if (dailyR2 >= 0.6 && quietestQuarter(series) <= 0.05) return 'office-hours';
  if (active < ALWAYS_ACTIVE) return dailyR2 >= 0.2 ? 'nightly-batch' : 'part-time';
  if (dailyR2 >= 0.3) return 'busy-seasonal';
  return residualLogSd < 0.7 ? 'steady' : 'drifting';
}

/** What each kind looks like, for people. */
export const descriptions: Readonly<Record<ProfileName, string>> = {
  steady: 'The same rate day and night, with slow drift and rare spikes.',
  'busy-seasonal': 'Always busy, with a clear evening peak and a morning low.',
  'office-hours': 'Works through the day and nearly stops for six hours each night; the traces know no free weekend.',
  drifting: 'Always on, but its rate wanders by multiples over hours and days, and no hour of the day explains it.',
  'part-time': 'On for hours, off for hours, at no fixed time.',
  'nightly-batch': 'Jobs at about the same hours each day, little or nothing between them.',
  sparse: 'A few short jobs a week.',
};

/** Traffic of the six quietest hours of the day over an average hour's. */
function quietestQuarter(series: Series): number {
  const { means } = bySlot(series);
  const byHour = Array.from({ length: 24 }, (_, hour) => (5 * (means[hour] ?? 0) + 2 * (means[hour + 24] ?? 0)) / 7);
  return mean([...byHour].sort((a, b) => a - b).slice(0, 6)) / mean(byHour);
}
