/**
 * What can go wrong with one call.
 * `drop-before`, `hang-before`: no effect; `drop-after`, `hang-after`: the effect is done and the caller does not hear of it.
 * `drop` cuts the connection, `hang` never answers. `stale`: a read answers with the state before the last write.
 * `result-…`: a part of the call ends so. GetMetricData answers, and its last query ends with this status (`internal-error`,
 * `partial`, `forbidden`), without its later points; a transaction is cancelled, and its last entry says why (`throttled`,
 * `throughput`, `conflict`).
 */
export type Fault =
  'throttle' | 'error500' | 'drop-before' | 'drop-after' | 'hang-before' | 'hang-after' | 'stale' | `result-${ResultFault}`;
/** How a part of a call ends. */
export type ResultFault = 'internal-error' | 'partial' | 'forbidden' | 'throttled' | 'throughput' | 'conflict';

interface CallMoment {
  /** Counts every call to this server from 1. An SDK's retry is a call of its own. */
  readonly number: number;
  readonly service: string;
  readonly operation: string;
  readonly phase: 'before' | 'after';
}

/**
 * Sees every call before and after its effect, and may answer with a fault. After the effect only `drop-after`,
 * `hang-after` and `error500` make sense. A hook that waits for ever models a caller that dies at this very moment; where
 * the caller is a function, the hook ends its invocation by `functions.kill` first.
 */
export type CallHook = (call: CallMoment) => Fault | undefined | Promise<Fault | undefined>;

interface FaultRule {
  readonly service?: string;
  readonly operation?: string;
  readonly fault: Fault;
  /** @default 1 */
  readonly times?: number;
  /** Matching calls that pass unharmed first. @default 0 */
  readonly skip?: number;
}

/** One line of the call log: names, numbers and instants, never a value. */
export interface CallRecord {
  readonly number: number;
  readonly service: string;
  readonly operation: string;
  readonly at: number;
  /** HTTP status, or what the caller experienced instead. */
  readonly status: number | 'cut' | 'unanswered';
  readonly errorCode?: string;
  readonly fault?: Fault;
}

export interface Intercept {
  /** Adds a hook; the answer takes it off again. */
  onCall(hook: CallHook): () => void;
  /** The next matching calls fail as the rule says. */
  inject(rule: FaultRule): void;
  /** Drops all rules that have not fired. */
  clearFaults(): void;
  calls(): readonly CallRecord[];
  /** Forgets the log; numbers go on. */
  forgetCalls(): void;
}

/** The side that the dispatcher uses. */
export interface Interceptor extends Intercept {
  nextNumber(): number;
  faultFor(call: CallMoment): Promise<Fault | undefined>;
  record(call: CallRecord): void;
}

export function createInterceptor(): Interceptor {
  const hooks = new Set<CallHook>();
  let rules: { rule: FaultRule; skip: number; left: number }[] = [];
  let records: CallRecord[] = [];
  let number = 0;

  const ruled = (call: CallMoment): Fault | undefined => {
    if (call.phase !== 'before') return undefined;
    for (const entry of rules) {
      const { rule } = entry;
      if (rule.service !== undefined && rule.service !== call.service) continue;
      if (rule.operation !== undefined && rule.operation !== call.operation) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.left -= 1;
      if (entry.left === 0) rules = rules.filter((other) => other !== entry);
      return rule.fault;
    }
    return undefined;
  };

  return {
    onCall(hook) {
      hooks.add(hook);
      return () => void hooks.delete(hook);
    },
    inject: (rule) => void rules.push({ rule, skip: rule.skip ?? 0, left: rule.times ?? 1 }),
    clearFaults: () => void (rules = []),
    calls: () => records,
    forgetCalls: () => void (records = []),
    nextNumber: () => (number += 1),
    async faultFor(call) {
      let fault = ruled(call);
      for (const hook of hooks) fault = (await hook(call)) ?? fault;
      return fault;
    },
    record: (call) => void records.push(call),
  };
}
