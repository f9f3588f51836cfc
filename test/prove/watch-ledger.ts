import type { Decided } from './decisions.ts';
import { labelled, type LedgerRow, type VersionView } from './observations.ts';
import type { Report } from './violation.ts';

/** Where a row of the ledger may go from each state, by the table in docs/rotation.md: written here again, on purpose. */
const ways: Readonly<Record<string, readonly string[]>> = {
  standby: ['pending', 'rejected', 'contained', 'archived'],
  pending: ['current', 'rejected', 'contained', 'standby', 'draining', 'inactive'],
  current: ['draining', 'contained'],
  draining: ['inactive', 'contained', 'pending', 'current'],
  inactive: ['archived', 'contained', 'pending', 'current'],
  contained: ['archived', 'pending', 'current'],
  rejected: ['archived', 'contained'],
  archived: [],
};

export interface LedgerWatch {
  /** Looks at every row and every consumer secret: I3 at every moment. */
  look(rows: readonly LedgerRow[], secrets: ReadonlyMap<string, readonly VersionView[]>): void;
}

/** I3: no API key is claimed twice, or is two things at once, and no row of the ledger goes a way that does not exist. */
export function watchLedger(decided: Decided, report: Report): LedgerWatch {
  const before = new Map<string, LedgerRow>();

  const follow = (row: LedgerRow): void => {
    const old = before.get(row.apiKeyId);
    before.set(row.apiKeyId, row);
    if (old === undefined) {
      if (row.state !== 'standby') report('I3', `the ledger knows it first as ${row.state}`, row.apiKeyId);
      return;
    }
    if (old.state === 'pending' && row.state === 'pending' && old.token !== row.token) {
      report('I3', 'it was claimed by a second rotation', row.apiKeyId);
    }
    // One whose intake was broken off may be taken in again.
    const isOnboardedAgain = old.state === 'rejected' && row.state === 'standby' && !old.isVerifiedInactive;
    if (old.state !== row.state && !isOnboardedAgain && ways[old.state]?.includes(row.state) !== true) {
      report('I3', `the ledger moved it from ${old.state} to ${row.state}`, row.apiKeyId);
    }
  };

  const judgeSecret = (name: string, versions: readonly VersionView[], rows: readonly LedgerRow[]): void => {
    const current = labelled(versions, 'AWSCURRENT');
    const pending = labelled(versions, 'AWSPENDING');
    if (current === undefined || decided.written.has(current.versionId)) return;
    if (pending !== undefined && !pending.isTest && pending !== current && pending.holds === current.holds) {
      report('I3', `it is current and pending of ${name} at once, in two versions`, current.holds);
    }
    const state = rows.find((row) => row.apiKeyId === current.holds)?.state ?? 'unknown to the ledger';
    if (['standby', 'rejected', 'archived', 'unknown to the ledger'].includes(state)) {
      report('I3', `AWSCURRENT of ${name} holds it, and it is ${state}`, current.holds);
    }
  };

  return {
    look(rows, secrets) {
      for (const id of before.keys()) if (!rows.some((row) => row.apiKeyId === id)) report('I3', 'its row is gone from the ledger', id);
      for (const row of rows) follow(row);
      for (const [token, claimed] of groupedBy(rows.filter(isClaimed), (row) => row.token)) {
        if (claimed.length > 1) report('I3', `rotation ${token} holds ${claimed.length} keys at once`, claimed[0]?.apiKeyId);
      }
      const current = rows.filter((row) => row.state === 'current');
      for (const [name, own] of groupedBy(current, (row) => row.managedKey)) {
        if (own.length > 1) report('I3', `${own.length} keys of ${name} are current in the ledger`, own[0]?.apiKeyId);
      }
      for (const [name, versions] of secrets) judgeSecret(name, versions, rows);
    },
  };
}

function isClaimed(row: LedgerRow): boolean {
  return row.state === 'pending' || row.state === 'current';
}

function groupedBy(rows: readonly LedgerRow[], by: (row: LedgerRow) => string | undefined): ReadonlyMap<string, readonly LedgerRow[]> {
  const groups = new Map<string, LedgerRow[]>();
  for (const row of rows) {
    const key = by(row);
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return groups;
}
