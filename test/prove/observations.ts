import type { World } from '../../local/world.ts';

/** What an outsider reads in the two worlds, as plain data. Nothing here knows the product's code: records are data. */

/** The ledger's row of one API key, as the state table has it. */
export interface LedgerRow {
  readonly apiKeyId: string;
  readonly managedKey: string;
  readonly state: string;
  readonly since: number;
  readonly standbyVersionId: string;
  /** The rotation that claimed it. */
  readonly token: string | undefined;
  /** Whether its intake is done. */
  readonly isVerifiedInactive: boolean;
  /** What somebody is about to do with it. */
  readonly intent: string | undefined;
  /** When an operator asked for it back. */
  readonly undoRequestedAt: number | undefined;
  /** When an emergency asked for it to be cut off. */
  readonly revokeRequestedAt: number | undefined;
}

export interface VersionView {
  readonly versionId: string;
  readonly labels: readonly string[];
  /** Whose value it holds: an API key's id, `foreign` for a value that no known key has, `empty` for none. */
  readonly holds: string;
  /** Secrets Manager tests new rotation settings on it: a copy of the current value. */
  readonly isTest: boolean;
}

/** One message to people. */
export interface AlertView {
  readonly kind: string;
  readonly subject: string;
  readonly state: string;
  readonly incidentId: string;
  readonly title: string;
  readonly summary: string;
  /** Says nothing new. */
  readonly isReminder: boolean;
  readonly at: number;
}

export type KeyView = ReturnType<World['anthropic']['inspect']['key']>;

export function ledgerRows(world: World): readonly LedgerRow[] {
  return world.aws.inspect.tables.items(world.installation.stateTable).flatMap((item) => {
    if (item['pk']?.S !== 'API_KEY') return [];
    const at = (request: string): number | undefined => {
      const text = item[request]?.M?.['at']?.N;
      return text === undefined ? undefined : Number(text);
    };
    return [
      {
        apiKeyId: item['apiKeyId']?.S ?? '',
        managedKey: item['managedKey']?.S ?? '',
        state: item['state']?.S ?? '',
        since: Number(item['since']?.N ?? 0),
        standbyVersionId: item['standbyVersionId']?.S ?? '',
        token: item['token']?.S,
        isVerifiedInactive: item['parkedAt'] !== undefined,
        intent: item['intent']?.M?.['to']?.S,
        undoRequestedAt: at('wanted'),
        revokeRequestedAt: at('noGrace'),
      },
    ];
  });
}

/** Managed keys whose pause stands in the state table. */
export function pausesIn(world: World): ReadonlySet<string> {
  const items = world.aws.inspect.tables.items(world.installation.stateTable);
  return new Set(items.filter((item) => item['pk']?.S === 'PAUSE').map((item) => item['sk']?.S ?? ''));
}

/** A secret's versions; `ids` names the key behind a value. */
export function versionsOf(world: World, secretArn: string, ids: ReadonlyMap<string, string>): readonly VersionView[] {
  return world.aws.inspect.secrets.versions(secretArn).map(({ versionId, labels, text, isTest = false }) => ({
    versionId,
    labels,
    holds: text === undefined ? 'empty' : (ids.get(text) ?? 'foreign'),
    isTest,
  }));
}

export function labelled(versions: readonly VersionView[], label: string): VersionView | undefined {
  return versions.find((version) => version.labels.includes(label));
}

export function alerts(world: World): readonly AlertView[] {
  return world.aws.inspect.topics.published().map(({ at, bodies }) => {
    const alert: unknown = JSON.parse(bodies.default ?? 'null');
    const text = (name: string): string => {
      const value: unknown = alert instanceof Object ? Reflect.get(alert, name) : undefined;
      return typeof value === 'string' ? value : '';
    };
    return {
      kind: text('kind'),
      subject: text('subject'),
      state: text('state'),
      incidentId: text('incidentId'),
      title: text('title'),
      summary: text('summary'),
      isReminder: alert instanceof Object && Reflect.get(alert, 'reminder') !== undefined,
      at,
    };
  });
}

/** Who may change a key's status besides us: people, Anthropic, the workspace's end, and time. */
const others: ReadonlySet<string> = new Set(['console', 'anthropic', 'workspace', 'expiry']);

export function isOurs(change: { readonly by: string }): boolean {
  return !others.has(change.by);
}

/** Whether Anthropic accepts the value at `now`: a change takes effect `delayMs` later, expiry at once. */
export function works(key: Pick<KeyView, 'status' | 'history' | 'expiresAt'>, now: number, delayMs: number): boolean {
  if (key.status !== 'active') return false;
  const inForce = key.history.findLast((change, index) => index === 0 || change.at + delayMs <= now);
  return inForce?.status === 'active';
}
