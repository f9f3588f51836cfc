/** One settable clock for the whole local world. Instants are milliseconds since the epoch, UTC. */
export interface WorldClock {
  now(): number;
  /** Moves time forward; never back. Throws RangeError for a negative step. */
  advance(ms: number): void;
  /** Waiting in the local world is moving the clock: a poll with a deadline ends at once in real time. */
  pause(ms: number): Promise<void>;
}

/** A clock that stands still until it is moved. `start` is ISO 8601 UTC. */
export function settableClock(start: string): WorldClock {
  let now = Date.parse(start);
  if (Number.isNaN(now)) throw new RangeError(`not an ISO 8601 instant: ${start}`);
  const advance = (ms: number): void => {
    if (ms < 0) throw new RangeError(`time does not run back: ${ms} ms`);
    now += ms;
  };
  return {
    now: () => now,
    advance,
    pause: async (ms) => advance(ms),
  };
}

/** The machine's own time, for a local world that people or an emulator talk to. */
export const realClock: WorldClock = {
  now: () => Date.now(),
  advance: () => {
    throw new RangeError('the real clock cannot be moved');
  },
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
