export const durationPattern = /^[1-9][0-9]{0,5}[smhd]$/;

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
export const hourMs = unitMs.h;
export const dayMs = unitMs.d;

/** Whether a text is a length of time: `90s`, `15m`, `24h`, `30d`; no fractions, no sums, no zero. */
export function isDuration(text: unknown): text is string {
  return typeof text === 'string' && durationPattern.test(text);
}

/**
 * Milliseconds of a length of time as the configuration writes it.
 *
 * @throws Error for a text that is none.
 */
export function durationMs(text: string): number {
  const unit = text.slice(-1);
  if (!isDuration(text) || !isUnit(unit)) throw new Error(`"${text}" is not a length of time: give 90s, 15m, 24h or 30d`);
  return Number(text.slice(0, -1)) * unitMs[unit];
}

/** The shortest way to write a length of whole seconds: 90,000,000 ms is `25h`. */
export function durationText(ms: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    if (ms >= unitMs[unit] && ms % unitMs[unit] === 0) return `${ms / unitMs[unit]}${unit}`;
  }
  return `${ms / unitMs.s}s`;
}

function isUnit(unit: string): unit is keyof typeof unitMs {
  return Object.hasOwn(unitMs, unit);
}
