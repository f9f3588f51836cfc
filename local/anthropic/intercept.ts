import type { InferenceLimit, WorkspaceLimits } from './limits.ts';
import type { UsageFaults } from './usage-faults.ts';
import type { UsageLedger } from './usage-ledger.ts';

/** One HTTP call, before it has any effect or after it has had it. Never holds a value. */
export interface CallPoint {
  /** Counts all calls from 1. */
  readonly number: number;
  readonly phase: 'before' | 'after';
  readonly method: string;
  /** The route's template, such as `/v1/organizations/api_keys/{api_key_id}`. */
  readonly route: string;
  /** The tagged id that the path names, if any. */
  readonly target: string | undefined;
  /** The id of the credential that was shown, working or not; undefined where it is unknown. */
  readonly credentialId: string | undefined;
  readonly at: number;
  /** What the platform answered; only in phase `after`. */
  readonly status: number | undefined;
}

/**
 * What may go wrong with a call. In phase `before` nothing happened yet; in phase `after` the effect is done.
 * `drop` cuts the connection (a stream may first get some events), `slow` takes time of the world, `stale` (before
 * only) answers reads as before the last change, `error-event` (after only) breaks off a stream with an error event.
 * `stranger`: somebody on the way answers, such as a proxy (strangers.ts has some). `altered` (after only): the platform's own
 * answer, with other contents.
 */
export type Fault =
  | { readonly kind: 'status'; readonly status: 429 | 500 | 504 | 529; readonly retryAfterSeconds?: number }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'drop'; readonly afterEvents?: number }
  | { readonly kind: 'stale' }
  | { readonly kind: 'error-event'; readonly afterEvents: number }
  | { readonly kind: 'stranger'; readonly answer: StrangerAnswer }
  | { readonly kind: 'altered'; readonly alter: (own: OwnAnswer) => OwnAnswer };

/** Any bytes: whoever answers need not speak JSON. */
export interface StrangerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface OwnAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

/** A hook that throws breaks the process, since its bug must not pass for a fault. */
export type CallHook = (call: CallPoint) => Fault | undefined | Promise<Fault | undefined>;

/** What is remembered of a call. */
interface CallRecord {
  readonly number: number;
  readonly method: string;
  readonly route: string;
  readonly target: string | undefined;
  readonly credentialId: string | undefined;
  readonly at: number;
  /** `cut`: the caller got no answer. */
  readonly status: number | 'cut';
  readonly requestId: string;
  readonly fault: Fault['kind'] | undefined;
}

type UsageMisbehaviour = Pick<UsageLedger, 'delay' | 'hide' | 'restate'> & UsageFaults;

/** Faults on order, and the log of calls. */
export interface Intercept {
  /** Asks `hook` before and after every call; of several hooks the first fault counts. Returns what takes it away again. */
  onCall(hook: CallHook): () => void;
  /** Every call since the start, or since the last `forgetCalls`. */
  readonly calls: readonly CallRecord[];
  forgetCalls(): void;
  /** Puts a workspace under a spend or rate limit, or lifts it. */
  limitWorkspace(workspaceId: string, limit: InferenceLimit | undefined): void;
  /** The feed's misbehaviour: late rows, missing ranges, restated buckets, a report that stands still or is not as documented. */
  readonly usage: UsageMisbehaviour;
}

/** The server's side: asks the hooks, keeps the log. */
export interface Interceptor extends Intercept {
  faultFor(call: CallPoint): Promise<Fault | undefined>;
  remember(call: CallRecord): void;
}

export function interceptor(usage: UsageMisbehaviour, limits: WorkspaceLimits): Interceptor {
  const hooks = new Set<CallHook>();
  const calls: CallRecord[] = [];
  return {
    calls,
    usage,
    onCall(hook) {
      hooks.add(hook);
      return () => void hooks.delete(hook);
    },
    forgetCalls: () => void calls.splice(0),
    limitWorkspace: (workspaceId, limit) => limits.set(workspaceId, limit),
    async faultFor(call) {
      for (const hook of hooks) {
        const fault = await hook(call);
        if (fault !== undefined) return fault;
      }
      return undefined;
    },
    remember: (call) => void calls.push(call),
  };
}
