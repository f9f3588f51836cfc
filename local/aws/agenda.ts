import type { WorldClock } from '../clock.ts';

/** Something that knows when it is next due; beats are run in time order over all sources. */
export interface DueSource {
  /** Milliseconds since the epoch, or undefined when nothing waits. */
  next(): number | undefined;
  run(options: SettleOptions): Promise<void>;
}

export interface SettleOptions {
  /** A schedule that missed several beats fires once, for its last one. */
  readonly coalesce?: boolean;
}

/** The work that AWS does behind a caller's back: deliveries, retries, rotations, schedules. */
export interface Agenda {
  /** Runs `work` at the next settle, whatever the clock says. */
  soon(work: () => Promise<void>): void;
  /** Runs `work` at the first settle at or after `due`. */
  at(due: number, work: () => Promise<void>): void;
  addSource(source: DueSource): void;
  /**
   * Runs everything that was due when it was called, one after the other in time order, and what that work itself
   * asks to be done soon. Calls that overlap wait for one another.
   */
  settle(options?: SettleOptions): Promise<void>;
}

interface Entry {
  readonly due: number;
  readonly work: () => Promise<void>;
}

/** Work that AWS would begin at once begins at the next settle: that keeps the order of calls repeatable. */
export function createAgenda(clock: WorldClock): Agenda {
  const entries: Entry[] = [];
  const sources: DueSource[] = [
    {
      next: () => entries[0]?.due,
      run: async () => entries.shift()?.work(),
    },
  ];
  let running: Promise<void> = Promise.resolve();

  const insert = (entry: Entry): void => {
    const place = entries.findIndex((other) => other.due > entry.due);
    entries.splice(place === -1 ? entries.length : place, 0, entry);
  };

  const earliest = (until: number): DueSource | undefined => {
    let best: DueSource | undefined;
    let bestDue = until;
    for (const source of sources) {
      const due = source.next();
      if (due === undefined || due > until) continue;
      if (best === undefined || due < bestDue) [best, bestDue] = [source, due];
    }
    return best;
  };

  const drain = async (options: SettleOptions): Promise<void> => {
    // Fixed at the start: a handler that moves the clock must not keep its own schedule due for ever.
    const until = clock.now();
    for (let source = earliest(until); source !== undefined; source = earliest(until)) await source.run(options);
  };

  const settle = (options: SettleOptions = {}): Promise<void> => {
    const turn = running.then(() => drain(options));
    running = turn.catch(() => undefined);
    return turn;
  };

  return {
    soon: (work) => insert({ due: Number.NEGATIVE_INFINITY, work }),
    at: (due, work) => insert({ due, work }),
    addSource: (source) => sources.push(source),
    settle,
  };
}
