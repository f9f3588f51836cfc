import { levelHalfLifeMs } from './parameters.ts';
import type { NoiseState } from './state.ts';

/** The mean of the last weeks. */
export function levelOf({ levelSum, levelWeight }: NoiseState): number {
  return levelWeight > 0 ? levelSum / levelWeight : 0;
}

/** Variance over mean, in the series' own unit: 1 for counts that come by chance, for tokens about those of a request. */
export function quantumOf({ noiseSum, noiseWeight }: NoiseState): number {
  return noiseWeight > 0 ? noiseSum / noiseWeight : 0;
}

/** Takes the next value; of what is suspicious no more than `limit`, and nothing about noise. */
export function learnNoise(noise: NoiseState, value: number, lengthMs: number, limit: number | null): void {
  const keep = 2 ** (-lengthMs / levelHalfLifeMs);
  noise.levelSum = settled(noise.levelSum * keep) + (limit === null ? value : Math.min(value, limit));
  noise.levelWeight = noise.levelWeight * keep + 1;
  const { previous } = noise;
  noise.previous = value;
  if (previous === null) return;
  noise.noiseSum = settled(noise.noiseSum * keep);
  noise.noiseWeight = settled(noise.noiseWeight * keep);
  const sum = value + previous;
  if (sum <= 0 || limit !== null) return;
  const weight = 1 / Math.sqrt(sum);
  noise.noiseSum += ((value - previous) ** 2 / sum) * weight;
  noise.noiseWeight += weight;
}

/** What decays comes to nothing, instead of becoming ever smaller. */
function settled(amount: number): number {
  return amount < 1e-30 ? 0 : amount;
}
