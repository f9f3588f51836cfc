/** Time as an argument. Instants are milliseconds since the epoch, UTC. */
export interface Clock {
  now(): number;
  /** Waits between two looks of a poll that has a deadline. */
  pause(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

export function iso(instant: number): string {
  return new Date(instant).toISOString();
}

/** `2026-06-10 14:03 UTC`: one form for people, wherever they sit. */
export function utcMinute(instant: number): string {
  return `${iso(instant).slice(0, 16).replace('T', ' ')} UTC`;
}

/**
 * Whether a stored instant is less than `ms` ago. One in the future, further than clocks differ, was stored by nobody of ours: it
 * holds nothing up.
 */
export function isWithin(instant: number, ms: number, now: number): boolean {
  return now - instant < ms && instant - now <= minuteMs;
}

export function floorTo(instant: number, stepMs: number): number {
  return Math.floor(instant / stepMs) * stepMs;
}

/** A stored instant, if it is one that has come by `latest`: what others can write into the table is bounded before it is believed. */
export function instantUpTo(value: unknown, latest: number): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= latest ? Math.floor(value) : undefined;
}
