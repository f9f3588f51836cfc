/** A length of time as written in the configuration, and what it means. */
export interface DurationSetting {
  /** As written: `24h`, `30d`. */
  readonly text: string;
  readonly ms: number;
}

export const durationPattern = /^[1-9][0-9]{0,5}[smhd]$/;

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
export const hourMs = unitMs.h;
export const dayMs = unitMs.d;

/** Reads `90s`, `15m`, `24h` or `30d`; `undefined` for everything else (fractions, sums and zero included). */
export function parseDuration(text: string): DurationSetting | undefined {
  if (!durationPattern.test(text)) return undefined;
  const unit = text.slice(-1);
  if (!isUnit(unit)) return undefined;
  return { text, ms: Number(text.slice(0, -1)) * unitMs[unit] };
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
