import { systemClock, type Clock } from './clock.ts';
import { consoleLog, type Log } from './log.ts';

/** What a handler takes from the machine it runs on. */
export interface Runtime {
  readonly clock: Clock;
  readonly log: Log;
}

export const lambdaRuntime: Runtime = { clock: systemClock, log: consoleLog };
