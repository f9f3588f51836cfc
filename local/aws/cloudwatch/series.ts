/** What CloudWatch keeps of a minute; it adds up whatever it is sent. */
export interface StatisticSet {
  readonly sum: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
}

/** One datum, ready to be added: `values` are pairs of value and count, where they are known. */
export interface Datum extends StatisticSet {
  readonly minute: number;
  readonly values: readonly number[] | undefined;
}

const MINUTES = 60;

/** One hour of one series; a minute without data has count 0. */
class Hour {
  readonly sum = new Float64Array(MINUTES);
  readonly count = new Float64Array(MINUTES);
  readonly min = new Float64Array(MINUTES);
  readonly max = new Float64Array(MINUTES);
  /** Pairs of value and count, only for minutes that hold more than one value; null where a set hid them. */
  readonly values = new Map<number, number[] | null>();
}

/** Every minute of one metric in one unit. */
export class Series {
  readonly #hours = new Map<number, Hour>();

  add(datum: Datum): void {
    const key = Math.floor(datum.minute / MINUTES);
    const hour = this.#hours.get(key) ?? new Hour();
    this.#hours.set(key, hour);
    const at = datum.minute - key * MINUTES;
    const before = hour.count[at] ?? 0;
    this.#remember(hour, at, before, datum);
    hour.sum[at] = (hour.sum[at] ?? 0) + datum.sum;
    hour.count[at] = before + datum.count;
    hour.min[at] = before === 0 ? datum.min : Math.min(hour.min[at] ?? datum.min, datum.min);
    hour.max[at] = before === 0 ? datum.max : Math.max(hour.max[at] ?? datum.max, datum.max);
  }

  /** Calls `visit` for each minute with data in [from, to), in order. */
  visit(from: number, to: number, visit: (minute: number, hour: Hour, at: number) => void): void {
    for (let key = Math.floor(from / MINUTES); key * MINUTES < to; key += 1) {
      const hour = this.#hours.get(key);
      if (hour === undefined) continue;
      const first = Math.max(0, from - key * MINUTES);
      const last = Math.min(MINUTES, to - key * MINUTES);
      for (let at = first; at < last; at += 1) if ((hour.count[at] ?? 0) > 0) visit(key * MINUTES + at, hour, at);
    }
  }

  /** First and last hour with data, in minutes since the epoch, the end exclusive. */
  range(): { readonly from: number; readonly to: number } | undefined {
    const keys = [...this.#hours.keys()];
    if (keys.length === 0) return undefined;
    return { from: Math.min(...keys) * MINUTES, to: (Math.max(...keys) + 1) * MINUTES };
  }

  forgetBefore(minute: number): void {
    for (const key of this.#hours.keys()) if ((key + 1) * MINUTES <= minute) this.#hours.delete(key);
  }

  /** A minute that holds one value needs no list: its minimum is the value. */
  #remember(hour: Hour, at: number, before: number, datum: Datum): void {
    const single = datum.min === datum.max;
    if (before === 0 && single) return;
    const held =
      hour.values.get(at) ??
      (before === 0 ? [] : hour.values.has(at) || hour.min[at] !== hour.max[at] ? null : [hour.min[at] ?? 0, before]);
    const incoming = datum.values ?? (single ? [datum.min, datum.count] : null);
    if (held !== null && incoming !== null && held.length === 2 && single && held[0] === datum.min) return;
    hour.values.set(at, held === null || incoming === null ? null : [...held, ...incoming]);
  }
}

/** Adds up minutes into one figure per period; columns, since two weeks of minutes are read every few seconds. */
export class Buckets {
  readonly sum: Float64Array;
  readonly count: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** Pairs of value and count by bucket, null where a set hid them; empty unless asked for. */
  readonly values = new Map<number, number[] | null>();
  readonly #withValues: boolean;

  constructor(size: number, withValues: boolean) {
    this.sum = new Float64Array(size);
    this.count = new Float64Array(size);
    this.min = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
    this.max = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
    this.#withValues = withValues;
  }

  add(index: number, hour: Hour, at: number): void {
    const count = hour.count[at] ?? 0;
    const min = hour.min[at] ?? 0;
    const max = hour.max[at] ?? 0;
    this.sum[index] = (this.sum[index] ?? 0) + (hour.sum[at] ?? 0);
    this.count[index] = (this.count[index] ?? 0) + count;
    if (min < (this.min[index] ?? 0)) this.min[index] = min;
    if (max > (this.max[index] ?? 0)) this.max[index] = max;
    if (!this.#withValues) return;
    const listed = min === max ? [min, count] : (hour.values.get(at) ?? null);
    const held = this.values.get(index);
    this.values.set(index, held === null || listed === null ? null : [...(held ?? []), ...listed]);
  }
}
