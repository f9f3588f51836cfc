import { drawUsage } from '../../local/traffic/draw.ts';
import type { Profile } from '../../local/traffic/profiles.ts';
import { sharpened } from './shape.ts';
import { bucketed, deviation, mean, measure, median } from './measure.ts';
import type { Burst, Figures, Series } from './measure.ts';

const ROUNDS = 20;
const DRAWS = 12;
const WEEKS = 2;
/** How much of the difference between real and drawn one round corrects. */
const STEP = 0.6;

/** The figures of the median key: no single key's. */
export function medianFigures(members: readonly Series[]): Figures {
  const measured = members.map(measure);
  const middle = (figure: keyof Figures) => median(measured.map((each) => each[figure]).sort((a, b) => a - b));
  return {
    requestsPerMinute: middle('requestsPerMinute'),
    active: middle('active'),
    runBuckets: middle('runBuckets'),
    residualLogSd: middle('residualLogSd'),
    residualUpShare: middle('residualUpShare'),
    autocorrelation10m: middle('autocorrelation10m'),
    autocorrelation1h: middle('autocorrelation1h'),
    autocorrelation6h: middle('autocorrelation6h'),
    burstsPerDay: middle('burstsPerDay'),
    peakToMedian: middle('peakToMedian'),
    dailyR2: middle('dailyR2'),
  };
}

/** Two weeks of several keys of a profile, measured as the real ones are. */
export function drawnFigures(profile: Profile, start: number, draws = DRAWS): Figures {
  const minutes = WEEKS * 10_080;
  const series = Array.from({ length: draws }, (_, seed) =>
    bucketed(drawUsage(profile, { seed, from: start, minutes }), start, minutes / 10),
  );
  return medianFigures(series);
}

/** What is asked of the model's parts. It differs from the figures that come out: measuring two weeks is biased. */
interface Aims {
  logSd: number;
  upShare: number;
  sharpness: number;
  short: number;
  hour: number;
  sixHours: number;
  memoryMinutes: number;
  burstsPerDay: number;
}

/**
 * Wandering, gate and bursts such that drawn figures agree with the real ones. A formula gives the start; then each
 * round draws keys, measures them in the way the real ones were, and moves the aims by what is missing.
 */
export function calibrate(base: Profile, real: Figures, bursts: readonly Burst[], start: number, sharpest: number): Profile {
  const factors = bursts.map(({ factor }) => Math.log(factor));
  const burst = {
    minutes: bursts.length > 0 ? 10 * mean(bursts.map(({ buckets }) => buckets)) : 10,
    factor: bursts.length > 0 ? Math.exp(mean(factors)) : 1,
    factorLogSd: deviation(factors),
  };
  const aims: Aims = {
    logSd: real.residualLogSd,
    upShare: real.residualUpShare,
    sharpness: 1,
    short: real.autocorrelation10m,
    hour: real.autocorrelation1h,
    sixHours: real.autocorrelation6h,
    memoryMinutes: 10 * real.runBuckets,
    burstsPerDay: real.burstsPerDay,
  };
  let best = built(base, aims, burst);
  let leastMissed = Infinity;
  for (let round = 0; round < ROUNDS; round += 1) {
    const profile = built(base, aims, burst);
    const drawn = drawnFigures(profile, start);
    const missed = missedBy(real, drawn);
    if (missed < leastMissed) [best, leastMissed] = [profile, missed];
    aims.logSd *= (real.residualLogSd / Math.max(0.01, drawn.residualLogSd)) ** STEP;
    aims.upShare = clamp(aims.upShare + STEP * (real.residualUpShare - drawn.residualUpShare), 0.02, 0.98);
    // Averages of several keys are blunter than each key. A shape that the fit found flat stays flat.
    aims.sharpness = clamp(aims.sharpness + 2 * STEP * (real.dailyR2 - drawn.dailyR2), 1, sharpest);
    aims.short += STEP * (real.autocorrelation10m - drawn.autocorrelation10m);
    aims.hour += STEP * (real.autocorrelation1h - drawn.autocorrelation1h);
    aims.sixHours += STEP * (real.autocorrelation6h - drawn.autocorrelation6h);
    aims.memoryMinutes = clamp(aims.memoryMinutes * (real.runBuckets / drawn.runBuckets) ** STEP, 10, 20_160);
    aims.burstsPerDay = Math.max(0, aims.burstsPerDay + STEP * (real.burstsPerDay - drawn.burstsPerDay));
  }
  return best;
}

/** Two autoregressions whose mixture has the aimed-at autocorrelation after ten minutes, an hour and six hours. */
function built(base: Profile, aims: Aims, burst: { minutes: number; factor: number; factorLogSd: number }): Profile {
  const hour = clamp(aims.hour, 0.02, 0.98);
  const sixHours = clamp(aims.sixHours, 0.01, 0.97 * hour);
  // After an hour only the slow part is left.
  const slowMinutes = clamp(300 / Math.log(hour / sixHours), 120, 10_080);
  const slowShare = clamp(hour * Math.exp(60 / slowMinutes), 0.02, 0.98);
  const fastRemembers = (clamp(aims.short, 0.02, 0.99) - slowShare * Math.exp(-10 / slowMinutes)) / (1 - slowShare);
  const fastMinutes = clamp(-10 / Math.log(clamp(fastRemembers, 0.01, 0.99)), 2, 120);
  const wandering = {
    logSdUp: 2 * aims.logSd * aims.upShare,
    logSdDown: 2 * aims.logSd * (1 - aims.upShare),
    slowShare,
    slowMinutes,
    fastMinutes,
  };
  const { requests, active } = sharpened(base.name, slots(base), aims.sharpness);
  return {
    ...base,
    hourOfWeek: { weekday: requests.slice(0, 24), weekend: requests.slice(24) },
    activity: { weekday: active.slice(0, 24), weekend: active.slice(24), memoryMinutes: aims.memoryMinutes },
    wandering,
    bursts: { perDay: aims.burstsPerDay, ...burst },
  };
}

function slots({ hourOfWeek, activity }: Profile): { requests: number[]; active: number[] } {
  return { requests: [...hourOfWeek.weekday, ...hourOfWeek.weekend], active: [...activity.weekday, ...activity.weekend] };
}

function missedBy(real: Figures, drawn: Figures): number {
  return (
    Math.abs(Math.log(drawn.residualLogSd / real.residualLogSd)) +
    Math.abs(drawn.autocorrelation10m - real.autocorrelation10m) +
    Math.abs(drawn.autocorrelation1h - real.autocorrelation1h) +
    Math.abs(drawn.autocorrelation6h - real.autocorrelation6h) +
    Math.abs(drawn.residualUpShare - real.residualUpShare) +
    Math.abs(drawn.dailyR2 - real.dailyR2) +
    // An unbroken run is as long as the trace: how long exactly matters little.
    0.3 * Math.abs(Math.log(drawn.runBuckets / real.runBuckets)) +
    0.3 * Math.abs(drawn.burstsPerDay - real.burstsPerDay)
  );
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
