import type { KeyStatus, StatusChange } from './key-lifecycle.ts';
import type { Platform } from './state.ts';
import type { UsageCell } from './usage-ledger.ts';
import { historyUntil, statusAt } from './key-lifecycle.ts';

/** How a credential's Claude calls ended, by HTTP and by `use` alike. */
interface RequestTally {
  accepted: number;
  rejected: number;
  /** Rejections by `error.type`, or by the error code where there is one. */
  readonly reasons: Record<string, number>;
  lastAcceptedAt: number | undefined;
  lastRejectedAt: number | undefined;
}

/** A key as an outsider with a god's eye sees it; never its value. */
interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  /** `null`: scoped to the organization. */
  readonly workspaceId: string | null;
  readonly status: KeyStatus;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly hint: string;
  /** Oldest first, beginning with the creation; expiry included. */
  readonly history: readonly StatusChange[];
  readonly requests: Readonly<RequestTally>;
}

/** One token exchange, with the reason that the caller is never told. */
export interface ExchangeRecord {
  readonly at: number;
  readonly ruleId: string;
  readonly outcome: 'granted' | 'denied';
  readonly reason: string;
}

/** What tests and the demo look at: the truth of this world, whatever the feeds show. */
export interface Inspect {
  keys(): readonly KeyView[];
  /** Throws RangeError for an id that does not exist. */
  key(id: string): KeyView;
  /** Calls with a credential that the platform does not know. */
  unknownCredential(): Readonly<RequestTally>;
  /** Calls of a token, an Admin key or an API key, by the credential's id. */
  requests(credentialId: string): Readonly<RequestTally>;
  /** What was really used in [`from`, `until`), before the feed's delays and faults. */
  usage(organizationId: string, from: number, until: number): readonly UsageCell[];
  /** The Console's Workload identity authentication history, oldest first. */
  exchanges(): readonly ExchangeRecord[];
}

/** Counts requests by credential. */
export interface Tallies {
  /** `reason` undefined: accepted. */
  count(credentialId: string | undefined, requests: number, reason: string | undefined, at: number): void;
  of(credentialId: string | undefined): RequestTally;
}

export function tallies(): Tallies {
  const byCredential = new Map<string, RequestTally>();
  const of = (credentialId = ''): RequestTally => {
    const existing = byCredential.get(credentialId);
    if (existing !== undefined) return existing;
    const tally = { accepted: 0, rejected: 0, reasons: {}, lastAcceptedAt: undefined, lastRejectedAt: undefined };
    byCredential.set(credentialId, tally);
    return tally;
  };
  return {
    of,
    count(credentialId, requests, reason, at) {
      const tally = of(credentialId);
      if (reason === undefined) {
        tally.accepted += requests;
        tally.lastAcceptedAt = at;
      } else {
        tally.rejected += requests;
        tally.reasons[reason] = (tally.reasons[reason] ?? 0) + requests;
        tally.lastRejectedAt = at;
      }
    },
  };
}

export function inspector(platform: Platform, counted: Tallies, exchanges: readonly ExchangeRecord[]): Inspect {
  const view = (id: string): KeyView => {
    const key = platform.keys.get(id);
    if (key === undefined) throw new RangeError('no API key has this id');
    const now = platform.clock.now();
    const { name, organizationId, workspaceId, createdAt, expiresAt, hint } = key;
    const life = { status: statusAt(key, now), history: historyUntil(key, now) };
    return { id, name, organizationId, workspaceId, createdAt, expiresAt, hint, ...life, requests: copyOf(counted.of(id)) };
  };
  return {
    key: view,
    keys: () => [...platform.keys.keys()].map(view),
    unknownCredential: () => copyOf(counted.of(undefined)),
    requests: (credentialId) => copyOf(counted.of(credentialId)),
    usage: (organizationId, from, until) =>
      [...platform.usage.truth(organizationId, from, until)].map((cell) => ({ ...cell, counts: { ...cell.counts } })),
    exchanges: () => [...exchanges],
  };
}

const copyOf = (tally: RequestTally): RequestTally => ({ ...tally, reasons: { ...tally.reasons } });
