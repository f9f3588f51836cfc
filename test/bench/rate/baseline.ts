/**
 * What a key usually does at this hour: a seasonal profile made of its own past days.
 * Rates are in the metric's unit per bucket. Everything here is a function of plain numbers.
 */

/** Days that the profile remembers. Four weeks: every weekday four times. */
export const rememberedDays = 28;

/** Half-life of a past day's weight: a lasting change of level is half learnt in two days and a half. */
const dayHalfLife = 2.5;
/**
 * The profile is an upper quantile, not a median: thefts only add. A weekend (two of the last days) then does not
 * pull Monday down, a change upwards is learnt after two days, and one bad day is still outvoted.
 */
const profileQuantile = 0.7;
/** Half-life, in slots, of the level that stands in while the profile is young. */
const levelHalfLife = 3;
/** Days of history that weigh as much as the level. */
const profilePrior = 0.35;
/** Same-weekday samples that weigh as much as all days together. */
const weekdayPrior = 1.5;

const dayWeights = Array.from({ length: rememberedDays }, (_, day) => 2 ** (-day / dayHalfLife));
const levelWeights = Array.from({ length: 24 }, (_, slot) => 2 ** (-slot / levelHalfLife));

/** The hourly means of a key, as a ring: slot s (hours since the epoch) lies at s modulo its length; null = nothing known. */
export type SlotRing = readonly (number | null)[];

/**
 * The rate to expect in `slot`, from slots before `known` only; undefined without any history.
 * `floor` keeps ratios between small numbers from mattering.
 */
export function expectedRate(ring: SlotRing, slot: number, known: number, slotsPerDay: number, floor: number): number | undefined {
  const all: Weighted[] = [];
  const sameWeekday: Weighted[] = [];
  for (let day = 1; day <= rememberedDays; day++) {
    const past = slot - day * slotsPerDay;
    if (past >= known || past < slot - ring.length) continue;
    const value = ring[ringIndex(past, ring.length)];
    if (value === null || value === undefined) continue;
    const weight = dayWeights[day - 1] ?? 0;
    all.push({ value, weight });
    if (day % 7 === 0) sameWeekday.push({ value, weight: 1 });
  }
  const level = recentLevel(ring, known);
  if (all.length === 0) return level;
  let log = Math.log(quantile(all, profileQuantile) + floor);
  if (sameWeekday.length > 0) {
    const share = sameWeekday.length / (sameWeekday.length + weekdayPrior);
    log = share * Math.log(quantile(sameWeekday, 0.5) + floor) + (1 - share) * log;
  }
  if (level !== undefined) {
    const share = all.length / (all.length + profilePrior / all.length);
    log = share * log + (1 - share) * Math.log(level + floor);
  }
  return Math.max(0, Math.exp(log) - floor);
}

/** The busy level of a key: what its better hours reach. Zero for a key that has never been used. */
export function busyLevel(ring: SlotRing): number {
  const used = ring.filter((value): value is number => value !== null && value > 0).sort((a, b) => a - b);
  return used[Math.floor(used.length * 0.75)] ?? 0;
}

function recentLevel(ring: SlotRing, known: number): number | undefined {
  const recent: Weighted[] = [];
  for (let back = 1; back <= levelWeights.length && back < ring.length; back++) {
    const value = ring[ringIndex(known - back, ring.length)];
    if (value !== null && value !== undefined) recent.push({ value, weight: levelWeights[back - 1] ?? 0 });
  }
  return recent.length === 0 ? undefined : quantile(recent, profileQuantile);
}

/** Where slot `slot` lies in a ring of `length`; slots before 1970 too. */
export function ringIndex(slot: number, length: number): number {
  return ((slot % length) + length) % length;
}

interface Weighted {
  readonly value: number;
  readonly weight: number;
}

function quantile(samples: Weighted[], share: number): number {
  samples.sort((a, b) => a.value - b.value);
  let total = 0;
  for (const sample of samples) total += sample.weight;
  let below = 0;
  for (const sample of samples) {
    below += sample.weight;
    if (below >= share * total) return sample.value;
  }
  return samples.at(-1)?.value ?? 0;
}
