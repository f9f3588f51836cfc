import type { RotationEnd } from '../../../contract/causes.ts';
import type { ApiKeyState } from '../../../contract/api-key-states.ts';
import type { ApiKeyRecord, LastUseRecord } from '../../../contract/records.ts';
import { dayMs, hourMs } from '../../../lambda/foundation/clock.ts';
import type { Secret } from '../../../lambda/foundation/secret.ts';
import { causeText } from '../../../lambda/incidents/message/cause-text.ts';
import type { OnboardPorts } from '../../../lambda/rotation/onboard.ts';
import type { KeyUse } from '../../../lambda/rotation/intake-use.ts';
import type { Snapshot } from '../../../lambda/rotation/conditions.ts';
import type {
  AlarmFacts,
  ApiKeyInfo,
  Condition,
  AuditContext,
  FailedRotation,
  ProbeAnswer,
  RetirementPorts,
  SecretDescription,
  WatchedKind,
} from '../../../lambda/rotation/ports.ts';
import type { RetirementTally } from '../../../lambda/rotation/reconcile.ts';
import { definition, MemoryWorld } from '../../prove/interleavings/memory.ts';
import { inWords } from '../../support/causes.ts';

/** Where the two platforms answer otherwise than the world in memory would by itself. */
interface Deviations {
  readonly infos?: Readonly<Record<string, Partial<ApiKeyInfo> | 'gone'>>;
  /** Undefined: what the key's status says. */
  readonly probe?: (value: Secret) => ProbeAnswer | undefined;
  readonly secret?: Partial<SecretDescription>;
  readonly lastTokensAt?: Readonly<Record<string, number>>;
  readonly usageKnownUntil?: number;
  /** What the usage report shows of the key that is taken in, or how it fails. */
  readonly reported?: readonly KeyUse[] | Error;
  readonly blindBecause?: string;
  readonly failedRotations?: ReadonlyMap<string, FailedRotation>;
}

interface Step {
  readonly apiKeyId: string;
  readonly to: ApiKeyState | 'forgotten';
  readonly by: string;
  /** Of an intent, the intent's. */
  readonly because: string | undefined;
  readonly requestIds?: readonly string[];
}

/** A world in memory, with somebody beside it who writes down what an operation does to it. */
export class Stage {
  readonly world = new MemoryWorld();
  readonly ports: RetirementPorts & OnboardPorts;
  readonly tally: RetirementTally = { retired: 0, archived: 0, returned: 0, putToSleep: 0, waiting: 0, resumed: 0, failed: 0 };
  /** Every call, in order. */
  readonly calls: string[] = [];
  readonly audit: Step[] = [];
  readonly logged: { readonly event: string; readonly fields: unknown }[] = [];
  readonly raised: (ReturnType<typeof inWords<AlarmFacts>> & { readonly kind: string })[] = [];
  readonly cleared: { readonly kind: string; readonly managedKey: string; readonly end: RotationEnd }[] = [];
  readonly settled: { readonly found: readonly Condition[]; readonly left: readonly string[]; readonly kinds: readonly WatchedKind[] }[] =
    [];

  constructor(deviations: Deviations = {}) {
    const ports = this.world.ports(async (call) => void this.calls.push(call));
    const note = (event: string, fields: unknown): void => void this.logged.push({ event, fields });
    const seen = (info: ApiKeyInfo | 'gone'): ApiKeyInfo | 'gone' => {
      const deviation = info === 'gone' ? {} : deviations.infos?.[info.apiKeyId];
      return info === 'gone' || deviation === 'gone' ? 'gone' : { ...info, ...deviation };
    };
    this.ports = {
      ...ports,
      log: { info: note, warn: note },
      ledger: {
        ...ports.ledger,
        add: (record, by) => {
          this.#write(record, by);
          return ports.ledger.add(record, by);
        },
        replace: (before, after, by, auditContext) => {
          this.#write(after, by, auditContext);
          return ports.ledger.replace(before, after, by, auditContext);
        },
        forget: (record, by, auditContext) => {
          const { intent, ...rest } = record;
          this.#write({ ...rest, state: 'forgotten' }, by, auditContext);
          return ports.ledger.forget(record, by, auditContext);
        },
      },
      secrets: {
        ...ports.secrets,
        describe: async (secretId) => ({ ...(await ports.secrets.describe(secretId)), ...deviations.secret }),
        promote: async (secretId, to, from) => {
          await ports.secrets.promote(secretId, to, from);
          return ['aws promote'];
        },
      },
      keys: {
        retrieve: async (apiKeyId) => seen(await ports.keys.retrieve(apiKeyId)),
        list: async () => (await ports.keys.list()).map(seen).filter((info) => info !== 'gone'),
        setStatus: async (apiKeyId, status) => ({
          ...(await ports.keys.setStatus(apiKeyId, status)),
          requestIds: [`anthropic ${apiKeyId} ${status}`],
        }),
      },
      probe: {
        probe: async (value) => {
          const answer = await ports.probe.probe(value);
          return deviations.probe?.(value) ?? answer;
        },
      },
      alarm: {
        raise: (kind, managedKey, facts) => {
          this.raised.push({ kind, ...inWords(facts) });
          return ports.alarm.raise(kind, managedKey, facts);
        },
        clear: (kind, managedKey, end) => {
          this.cleared.push({ kind, managedKey, end });
          return ports.alarm.clear(kind, managedKey, end);
        },
        lasting: (kind, managedKey) => ports.alarm.lasting(kind, managedKey),
      },
      usage: {
        knownUntil: async () => deviations.usageKnownUntil ?? (await ports.usage.knownUntil()),
        lastUses: async () =>
          Object.entries(deviations.lastTokensAt ?? {}).map(([apiKeyId, at]): LastUseRecord => ({
            schema: 1,
            apiKeyId,
            at,
            model: 'model',
            workspaceId: 'workspace',
            tokens: 1,
          })),
      },
      recentUse: {
        async reported(apiKeyId, from) {
          if (deviations.reported instanceof Error) throw deviations.reported;
          return deviations.reported ?? ports.recentUse.reported(apiKeyId, from);
        },
        lastUse: async (apiKeyId) => (await this.ports.usage.lastUses()).find((use) => use.apiKeyId === apiKeyId),
        blindBecause: async () => deviations.blindBecause,
      },
      watch: {
        failedRotations: async () => deviations.failedRotations ?? new Map(),
        update: async (found, left, kinds) => void this.settled.push({ found, left: [...left], kinds }),
      },
    };
  }

  /** The calls that changed something, in order. */
  get effects(): readonly string[] {
    const looks = /^(ledger\.(all|of|find)|alarm\.lasting|secrets\.(describe|read)|keys\.(retrieve|list)|probe)/;
    return this.calls.filter((call) => !looks.test(call));
  }

  /** A key in a state, with what goes with it on both platforms; its version carries `labels`. */
  has(
    apiKeyId: string,
    state: ApiKeyState,
    changes: Partial<ApiKeyRecord> & {
      readonly status?: 'active' | 'inactive' | 'archived';
      readonly labels?: readonly string[];
      /** Whether its intake was finished. @default true */
      readonly verifiedInactive?: boolean;
    } = {},
  ): ApiKeyRecord {
    const { status, labels = [], verifiedInactive = true, ...fields } = changes;
    const { now } = this.world;
    this.world.standby(apiKeyId);
    const active = state === 'pending' || state === 'current' || state === 'draining';
    this.world.key(apiKeyId).status = status ?? (active ? 'active' : state === 'archived' ? 'archived' : 'inactive');
    const token = state === 'standby' || state === 'rejected' ? {} : { token: `v-${apiKeyId}` };
    const switchedAt = state === 'draining' ? { switchedAt: now - 3 * hourMs } : {};
    const { verifiedInactiveAt, ...known } = this.record(apiKeyId);
    const base = verifiedInactiveAt === undefined || !verifiedInactive ? known : { ...known, verifiedInactiveAt };
    const record = { ...base, state, since: now - dayMs, ...token, ...switchedAt, ...fields };
    this.world.records.set(apiKeyId, record);
    if (record.token !== undefined) {
      this.world.versions.set(record.token, { value: this.world.key(apiKeyId).value, labels: new Set(labels) });
    }
    return record;
  }

  record(apiKeyId: string): ApiKeyRecord {
    const found = this.world.records.get(apiKeyId);
    if (found === undefined) throw new RangeError(`no record of ${apiKeyId}`);
    return found;
  }

  /** What retirement sees at the beginning of a beat. */
  async snapshot(): Promise<Snapshot> {
    const { ports } = this;
    const snapshot: Snapshot = {
      definition,
      own: [...this.world.records.values()],
      secret: await ports.secrets.describe(definition.secretName),
      infos: new Map((await ports.keys.list()).map((info) => [info.apiKeyId, info])),
      lastUses: new Map((await ports.usage.lastUses()).map((use) => [use.apiKeyId, use])),
      pause: undefined,
      activeAt: new Map(),
      refused: new Set(),
      usageKnownUntil: await ports.usage.knownUntil(),
      now: this.world.now,
    };
    this.calls.length = 0;
    return snapshot;
  }

  #write(
    { apiKeyId, state, intent, cause }: Pick<ApiKeyRecord, 'apiKeyId' | 'intent' | 'cause'> & { readonly state: ApiKeyState | 'forgotten' },
    by: string,
    { requestIds, auditEvent }: AuditContext = {},
  ): void {
    const why = auditEvent?.cause ?? intent?.cause ?? cause;
    const step = { apiKeyId, to: intent?.to ?? state, by, because: why === undefined ? undefined : causeText(why) };
    this.audit.push(requestIds === undefined ? step : { ...step, requestIds });
  }
}

/** What an operation that throws tells machines and people. */
export async function failure(
  operation: Promise<unknown>,
): Promise<{ readonly code: unknown; readonly message: string; readonly fix: unknown }> {
  try {
    await operation;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { code: Reflect.get(error, 'code'), message: error.message, fix: Reflect.get(error, 'fix') };
  }
  throw new Error('it did not fail');
}
