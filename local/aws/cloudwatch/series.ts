const MINUTES = 60;

/** One hour; a minute without data has count 0. Columns, since two weeks of minutes are read every few seconds. */
interface Hour {
  readonly sum: Float64Array;
  readonly count: Float64Array;
}

/** Every minute of one metric in one unit. CloudWatch adds up whatever it is sent. */
export class Series {
  readonly #hours = new Map<number, Hour>();

  add(minute: number, value: number): void {
    const key = Math.floor(minute / MINUTES);
    const hour = this.#hours.get(key) ?? { sum: new Float64Array(MINUTES), count: new Float64Array(MINUTES) };
    this.#hours.set(key, hour);
    const at = minute - key * MINUTES;
    hour.sum[at] = (hour.sum[at] ?? 0) + value;
    hour.count[at] = (hour.count[at] ?? 0) + 1;
  }

  /** Calls `visit` for each minute with data in [from, to), in order. */
  visit(from: number, to: number, visit: (minute: number, sum: number, count: number) => void): void {
    for (let key = Math.floor(from / MINUTES); key * MINUTES < to; key += 1) {
      const hour = this.#hours.get(key);
      if (hour === undefined) continue;
      const first = Math.max(0, from - key * MINUTES);
      const last = Math.min(MINUTES, to - key * MINUTES);
      for (let at = first; at < last; at += 1) {
        const count = hour.count[at] ?? 0;
        if (count > 0) visit(key * MINUTES + at, hour.sum[at] ?? 0, count);
      }
    }
  }

  /** First and last hour with data, in minutes since the epoch, the end exclusive. */
  range(): { readonly from: number; readonly to: number } {
    const keys = [...this.#hours.keys()];
    return { from: Math.min(...keys) * MINUTES, to: (Math.max(...keys) + 1) * MINUTES };
  }
}
