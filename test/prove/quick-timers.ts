/** SDKs wait up to some seconds before they try again; their time-outs for an answer are longer. */
const longestBackOffMs = 8_000;
/** Node's own fetch counts its time-outs in ticks of this length: without it they would run hundreds of times too fast. */
const fetchTickMs = 499;
/** What is left of the AWS SDK's time-out for a connection (lambda/adapters/aws/clients.ts) after the second that it waits first. */
const connectionMs = 3_000;

/** The real one, for who must wait. */
const realTimeout = globalThis.setTimeout;

/**
 * Runs `work` while nobody waits in real time before trying again: thousands of cases with a fault each would take hours. The
 * product's own waiting is on the world's clock. One thread at a time, because the timers are the thread's.
 */
export async function withQuickTimers<T>(work: () => Promise<T>): Promise<T> {
  const real = globalThis.setTimeout;
  const quick = (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): NodeJS.Timeout =>
    realTimeout(callback, ms <= longestBackOffMs && ms !== fetchTickMs && ms !== connectionMs ? 0 : ms, ...args);
  // `promisify` finds its own way at a property of the function.
  globalThis.setTimeout = Object.assign(quick, realTimeout);
  try {
    return await work();
  } finally {
    globalThis.setTimeout = real;
  }
}
