import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import type { ApiKeyIntent, ApiKeyRecord, AuditRecord, PauseRecord } from '../../../contract/records.ts';
import { dayMs, hourMs } from '../../../lambda/foundation/clock.ts';
import { KeyguardError, LostRace, Unavailable } from '../../../lambda/foundation/errors.ts';
import { Secret } from '../../../lambda/foundation/secret.ts';
import type { OnboardPorts } from '../../../lambda/rotation/onboard.ts';
import type { CommandPorts } from '../../../lambda/rotation/commands/ports.ts';
import {
  LostKeyRace,
  type ApiKeyInfo,
  type FailedRotation,
  type RetirementPorts,
  type WatchedKind,
} from '../../../lambda/rotation/ports.ts';
import { runRetirement } from '../../../lambda/rotation/run-retirement.ts';
import { aDefinition, policy } from '../../support/records.ts';
import { judgeContainment, type MemoryIncidents } from './memory-incidents.ts';

/**
 * Where an actor waits for its turn before each of its calls. One that never opens has killed the actor there. `failed`: the call
 * fails without an effect; `lost`: it has its effect, and the actor hears that it failed. `stale`: a read of a secret's version
 * answers as if it were not there yet.
 */
export type Fault = 'failed' | 'lost' | 'stale';
export type Gate = (call: string) => Promise<Fault | undefined>;
export const undisturbed: Gate = async () => undefined;

export const definition: ManagedKeyDefinition = aDefinition({ rotation: { ...policy, minimumGraceMs: hourMs, quietMs: hourMs } });
export const organizationId = 'organization';

type Status = 'active' | 'inactive' | 'archived';

interface AnthropicKey {
  /** As it was set last: `statusOf` says what Anthropic shows. */
  status: Status;
  /** Who changed it last. */
  by?: 'us' | 'a person';
  /** Since when it is inactive, whoever made it so: as far as anybody can know who looks every five minutes. */
  inactiveSince?: number | undefined;
  readonly value: Secret;
  readonly expiresAt: number | null;
}

/** Both platforms and the ledger as plain data: what thousands of interleavings can afford. Its rules are those of the local world. */
export class MemoryWorld {
  readonly definition: ManagedKeyDefinition;
  now = Date.parse('2026-09-07T00:00:00Z');
  /** How long a call takes: where several runs meet, no two calls have their effect at one instant. */
  tickMs = 0;
  readonly keys = new Map<string, AnthropicKey>();
  readonly versions = new Map<string, { value: Secret | undefined; readonly labels: Set<string> }>();
  readonly standbyVersions = new Map<string, { readonly value: Secret; readonly labels: Set<string> }>();
  readonly records = new Map<string, ApiKeyRecord>();
  readonly open = new Map<string, FailedRotation>();
  readonly asked: string[] = [];
  /** When a pass last saw each current key active. */
  activeAt: ReadonlyMap<string, number> = new Map();
  /** What the last retirement found that people must know. */
  known: readonly WatchedKind[] = [];
  paused: PauseRecord | undefined;
  rotationEnabled = true;
  /** What operators did that moved no API key. */
  readonly acts: AuditRecord[] = [];
  /** When AWSCURRENT left a key, by its id. */
  readonly leftAt = new Map<string, number>();
  /** Keys that a person or an emergency may take without grace. */
  readonly exempt = new Set<string>();
  /** Keys that Anthropic shows as active, and whose values it does not accept yet. */
  readonly unfelt = new Set<string>();
  /** Incidents that have not ended. */
  readonly incidents: MemoryIncidents = new Map();
  /** Keys that containment cut off, or is about to. */
  readonly cut = new Set<string>();
  /** Keys that an operator began to take out of the pool. */
  readonly removed = new Set<string>();
  /** When an old key was used, by its id. */
  readonly uses = new Map<string, number[]>();
  /** Whether a person changed a key in the Console or wrote the secret by hand. */
  touched = false;
  /** When the collector stopped reading the usage report. */
  collectedUntil: number | undefined;
  readonly violations: string[] = [];

  constructor(changes: Partial<ManagedKeyDefinition> = {}) {
    this.definition = { ...definition, ...changes };
  }

  /** A key made in the Console, active as the Console makes it. */
  create(apiKeyId: string, lifeMs: number | null = null): Secret {
    const value = new Secret(`sk-ant-api03-FAKE-${apiKeyId}-${'0'.repeat(20)}`);
    this.keys.set(apiKeyId, { status: 'active', value, expiresAt: lifeMs === null ? null : this.now + lifeMs });
    return value;
  }

  /** A standby key, as a finished intake leaves it. */
  standby(apiKeyId: string, lifeMs: number | null = null): void {
    const value = this.create(apiKeyId, lifeMs);
    Object.assign(this.key(apiKeyId), { status: 'inactive', inactiveSince: this.now - dayMs });
    this.standbyVersions.set(`s-${apiKeyId}`, { value, labels: new Set([`standby-${apiKeyId}`]) });
    this.records.set(apiKeyId, {
      schema: 1,
      apiKeyId,
      managedKey: definition.name,
      state: 'standby',
      revision: 1,
      since: this.now - dayMs,
      hint: '',
      expiresAt: this.key(apiKeyId).expiresAt,
      addedAt: this.now - dayMs + this.records.size,
      standbyVersionId: `s-${apiKeyId}`,
      verifiedInactiveAt: this.now - dayMs,
    });
  }

  /** A rotation has begun: its version is registered, and empty. */
  register(token: string): void {
    if (this.versions.get(token)?.labels.has('AWSCURRENT') === true) return;
    for (const version of this.versions.values()) version.labels.delete('AWSPENDING');
    const version = this.versions.get(token) ?? { value: undefined, labels: new Set<string>() };
    version.labels.add('AWSPENDING');
    this.versions.set(token, version);
  }

  /** Somebody changes a key in the Console. */
  inConsole(apiKeyId: string, status: Status): void {
    if (this.statusOf(apiKeyId) === status || this.#refuses(apiKeyId, status)) return;
    this.touched = true;
    this.#set(apiKeyId, status, 'a person');
  }

  #set(apiKeyId: string, status: Status, by: 'us' | 'a person'): void {
    const key = this.key(apiKeyId);
    Object.assign(key, { status, by });
    if (status === 'inactive') key.inactiveSince ??= this.now;
    else if (by === 'us') key.inactiveSince = undefined;
  }

  /** Retirement has looked at every key, and nothing failed: that somebody reactivated one is known from now on. */
  seen(): void {
    for (const key of this.keys.values()) if (key.status === 'active') key.inactiveSince = undefined;
  }

  /** Archived is for ever, and nothing but archiving follows expiry. */
  #refuses(apiKeyId: string, status: Status): boolean {
    const now = this.statusOf(apiKeyId);
    return (now === 'archived' || now === 'expired') && status !== 'archived';
  }

  /** Somebody writes the secret by hand: AWSCURRENT moves, and a rotation that is open is abandoned. */
  writeByHand(versionId: string): void {
    const old = this.currentKey();
    this.touched = true;
    this.#previous();
    for (const { labels } of this.versions.values()) for (const label of ['AWSCURRENT', 'AWSPENDING']) labels.delete(label);
    this.versions.set(versionId, { value: new Secret(`sk-ant-api03-FAKE-${versionId}-by-hand`), labels: new Set(['AWSCURRENT']) });
    if (old !== undefined) this.leftAt.set(old, this.now);
  }

  /** Whoever still holds an old key that works uses it now. */
  useOldKeys(): void {
    for (const apiKeyId of this.leftAt.keys()) if (this.statusOf(apiKeyId) === 'active') this.use(apiKeyId);
  }

  use(apiKeyId: string): void {
    this.uses.set(apiKeyId, [...(this.uses.get(apiKeyId) ?? []), this.now]);
  }

  /** AWSPREVIOUS follows AWSCURRENT by itself. */
  #previous(): void {
    for (const { labels } of this.versions.values()) labels.delete('AWSPREVIOUS');
    this.versions.get(this.holder('AWSCURRENT') ?? '')?.labels.add('AWSPREVIOUS');
  }

  key(apiKeyId: string): AnthropicKey {
    const found = this.keys.get(apiKeyId);
    if (found === undefined) throw new RangeError(`no key ${apiKeyId}`);
    return found;
  }

  /** What Anthropic shows: time alone makes a key expired, whether it is active or inactive. */
  statusOf(apiKeyId: string): Status | 'expired' {
    const { status, expiresAt } = this.key(apiKeyId);
    return status !== 'archived' && expiresAt !== null && this.now >= expiresAt ? 'expired' : status;
  }

  holder(label: string): string | undefined {
    return [...this.versions].find(([, version]) => version.labels.has(label))?.[0];
  }

  #openVersion(): string | undefined {
    const pending = this.holder('AWSPENDING');
    return pending === this.holder('AWSCURRENT') ? undefined : pending;
  }

  idOf(value: Secret | undefined): string | undefined {
    return [...this.keys].find(([, key]) => key.value === value)?.[0];
  }

  currentKey(): string | undefined {
    return this.idOf(this.versions.get(this.holder('AWSCURRENT') ?? '')?.value);
  }

  /** Looked at after every call, whoever made it. */
  watch(call: string): void {
    const current = this.currentKey();
    if (current === undefined || this.exempt.has(current)) return;
    const status = this.statusOf(current);
    // Time is nobody's fault: that no run moves AWSCURRENT to an expired key is judged when it moves.
    if (status === 'expired') return;
    if (this.cut.has(current) && this.definition.containment.lastCredential === 'cut') return;
    if (status !== 'active' && this.key(current).by !== 'a person')
      this.violate(`I1 AWSCURRENT holds ${current}, which is ${status}, after ${call}`);
  }

  violate(what: string): void {
    this.violations.push(what);
  }

  /** I2, looked at when somebody makes a key inactive or archives it. */
  #mayEnd(apiKeyId: string, status: string): void {
    if (status === 'archived') {
      this.#mayBeArchived(apiKeyId);
      return;
    }
    const left = this.leftAt.get(apiKeyId);
    if (left === undefined || this.exempt.has(apiKeyId) || this.cut.has(apiKeyId)) return;
    // Its grace was over when an operator asked for it back, and that undo failed.
    if (this.records.get(apiKeyId)?.origin?.state === 'inactive') return;
    if (this.now < left + this.definition.rotation.minimumGraceMs) this.violate(`I2 ${apiKeyId} was made inactive within its grace`);
    const { quietMs } = this.definition.rotation;
    // The usage report runs late, and what it shows counts for an hour.
    const used = lastUntil(this.uses.get(apiKeyId), this.now - (this.collectedUntil === undefined ? 10 * 60_000 : 70 * 60_000));
    if (used !== undefined && used >= left && this.now < used + quietMs) this.violate(`I2 ${apiKeyId} was made inactive while in use`);
  }

  /** It could be brought back for the undo period, and a person who reactivates it begins it anew. What an operator removes has none. */
  #mayBeArchived(apiKeyId: string): void {
    if (this.removed.has(apiKeyId) || this.statusOf(apiKeyId) === 'expired') return;
    const { inactiveSince } = this.key(apiKeyId);
    if (inactiveSince === undefined || this.now < inactiveSince + this.definition.rotation.undoMs) {
      this.violate(`I2 ${apiKeyId} was archived within the undo period`);
    }
  }

  /** One call of a run: its turn, its effect and what the schedule does to it. */
  async call<T>(gate: Gate, name: string, effect: () => T, stale: () => T = effect): Promise<T> {
    const fault = await gate(name);
    if (fault === 'failed') throw new Unavailable(name, 'as the proof will have it');
    this.now += this.tickMs;
    const answer = fault === 'stale' ? stale() : effect();
    this.watch(name);
    if (fault === 'lost') throw new Unavailable(name, 'as the proof will have it');
    return answer;
  }

  /** A key that consumers could have read counts as dead when its value was refused, and not before. */
  #judgeDeath({ apiKeyId, state, token }: ApiKeyRecord, next: ApiKeyRecord['state'], refused: ReadonlySet<string>): void {
    if (next === state || state === 'pending' || (next !== 'inactive' && next !== 'contained')) return;
    if (this.idOf(this.versions.get(token ?? '')?.value) !== apiKeyId || refused.has(apiKeyId)) return;
    this.violate(`I2 ${apiKeyId} counts as ${next}, and this run has not seen its value refused`);
  }

  /** The ports of one run: one call of a Lambda function, or one command. */
  ports(gate: Gate): RetirementPorts & OnboardPorts & CommandPorts {
    /** Keys whose value this run has seen accepted. */
    const accepted = new Set<string>();
    /** Keys whose value it has seen refused. */
    const refused = new Set<string>();
    let seen: readonly ApiKeyRecord[] = [];
    const call = <T>(name: string, effect: () => T, stale?: () => T): Promise<T> => this.call(gate, name, effect, stale);
    const info = (apiKeyId: string): ApiKeyInfo => ({
      apiKeyId,
      name: apiKeyId,
      status: this.statusOf(apiKeyId),
      hint: 'sk-ant-api03-FAKE...0000',
      principal: 'nobody',
      workspaceId: definition.workspaceId,
      expiresAt: this.key(apiKeyId).expiresAt,
    });
    const again = (): RetirementPorts => this.ports(gate);
    const silent = { info: () => undefined, warn: () => undefined };
    const lost = (apiKeyId: string): LostKeyRace => new LostKeyRace(apiKeyId, this.records.get(apiKeyId));
    const reads = {
      all: () => call('ledger.all', () => (seen = [...this.records.values()])),
      of: (managedKey: string) =>
        call('ledger.of', () => (seen = [...this.records.values()].filter((record) => record.managedKey === managedKey))),
      find: (apiKeyId: string) => call(`ledger.find ${apiKeyId}`, () => this.records.get(apiKeyId)),
    };
    return {
      organizationId,
      log: silent,
      clock: { now: () => this.now, pause: async (ms) => void (this.now += ms) },
      directory: { all: async () => [this.definition], bySecret: async () => this.definition },
      pauses: {
        all: async () => (this.paused === undefined ? [] : [this.paused]),
        find: async () => this.paused,
        begin: (record) =>
          call('pauses.begin', () => {
            if (this.paused !== undefined) throw new LostRace(record.managedKey);
            this.paused = record;
          }),
        end: (managedKey) =>
          call('pauses.end', () => {
            if (this.paused === undefined) throw new LostRace(managedKey);
            this.paused = undefined;
          }),
      },
      audit: {
        read: (_managedKey, since) => call('audit.read', () => this.acts.filter(({ at }) => at >= since)),
        note: (act) => call('audit.note', () => void this.acts.push({ schema: 1, ...act })),
      },
      keptVersions: () => call('secrets.keptVersions', () => new Set(this.versions.keys())),
      schedule: {
        stop: () => call('schedule.stop', () => void (this.rotationEnabled = false)),
        enable: (secretId, from) =>
          call('schedule.enable', () => {
            this.rotationEnabled = true;
            if (this.#openVersion() !== undefined) return 'unfinished' as const;
            if (from === 'now on') this.asked.push(secretId);
            return 'on' as const;
          }),
      },
      async retireNow() {
        await runRetirement(again());
      },
      ledger: {
        ...reads,
        add: (record) =>
          call('ledger.add', () => {
            if (this.records.has(record.apiKeyId)) throw lost(record.apiKeyId);
            this.records.set(record.apiKeyId, record);
          }),
        replace: (before, after) =>
          call(`ledger.replace ${before.apiKeyId} ${before.state}→${after.state}${after.intent === undefined ? '' : ' (intent)'}`, () => {
            if (this.records.get(before.apiKeyId)?.revision !== before.revision) throw lost(before.apiKeyId);
            judgeContainment(this, before, after, seen);
            this.#judgeDeath(before, after.state, refused);
            if (after.intent?.to === 'archived' && isInOperatorsHand(before, after.intent)) this.removed.add(before.apiKeyId);
            const stored = { ...after, revision: before.revision + 1 };
            this.records.set(before.apiKeyId, stored);
            return stored;
          }),
        forget: (record) =>
          call(`ledger.forget ${record.apiKeyId}`, () => {
            if (this.records.get(record.apiKeyId)?.revision !== record.revision) throw lost(record.apiKeyId);
            this.records.delete(record.apiKeyId);
          }),
      },
      secrets: {
        describe: () =>
          call('secrets.describe', () => ({
            rotationEnabled: this.rotationEnabled,
            stages: new Map([...this.versions].filter(([, { labels }]) => labels.size > 0).map(([id, { labels }]) => [id, [...labels]])),
            nextRotationAt: this.now + 20 * dayMs,
            lastRotatedAt: null,
            lastChangedAt: null,
            replicas: [],
            stackName: 'keyguard',
            deletionAt: null,
          })),
        registeredAt: async () => this.now - hourMs,
        read: (secretId, versionId) =>
          call<Secret | 'absent'>(
            `secrets.read ${versionId}`,
            () => (secretId === definition.secretName ? this.versions : this.standbyVersions).get(versionId)?.value ?? 'absent',
            () => 'absent',
          ),
        putPending: (_secretId, token, value) =>
          call('secrets.putPending', () => {
            const version = this.versions.get(token);
            // Same token and other content is refused; the same content again is no change.
            if (version === undefined || (version.value !== undefined && version.value !== value))
              throw new Error('ResourceExistsException');
            version.value = value;
          }),
        promote: (_secretId, to, from) =>
          call('secrets.promote', () => {
            const holder = this.holder('AWSCURRENT');
            if (holder !== from) throw new Error('InvalidParameterException');
            this.#previous();
            const [old, next] = [this.currentKey(), this.idOf(this.versions.get(to)?.value)];
            if (next === undefined || !accepted.has(next)) {
              this.violate(`I2 AWSCURRENT moved to ${next ?? 'no key'}, which this run had not seen accepted`);
              if (next !== undefined && this.statusOf(next) === 'expired') this.violate(`I1 AWSCURRENT moved to ${next}, which is expired`);
            }
            if (from !== undefined) this.versions.get(from)?.labels.delete('AWSCURRENT');
            this.versions.get(to)?.labels.add('AWSCURRENT');
            if (old !== undefined) this.leftAt.set(old, this.now);
            if (next !== undefined) this.leftAt.delete(next);
            return [];
          }),
        discardPending: (_secretId, versionId) =>
          call('secrets.discardPending', () => void this.versions.get(versionId)?.labels.delete('AWSPENDING')),
        freeStandbyLabels: (_secretId, ids) =>
          call('secrets.freeStandbyLabels', () => {
            for (const version of this.standbyVersions.values()) for (const id of ids) version.labels.delete(`standby-${id}`);
          }),
      },
      standby: {
        put: (_secretId, apiKeyId, value) =>
          call('standby.put', () => {
            this.standbyVersions.set(`s-${apiKeyId}`, { value, labels: new Set([`standby-${apiKeyId}`]) });
            return `s-${apiKeyId}`;
          }),
      },
      keys: {
        retrieve: (apiKeyId) => call(`keys.retrieve ${apiKeyId}`, () => info(apiKeyId)),
        list: () => call('keys.list', () => [...this.keys.keys()].map(info)),
        setStatus: (apiKeyId, status) =>
          call(`keys.setStatus ${apiKeyId} ${status}`, () => {
            const before = this.statusOf(apiKeyId);
            if (this.#refuses(apiKeyId, status)) throw new KeyguardError('key-status-refused', `${apiKeyId} is ${before}`, 'nothing');
            if (status === 'active' && this.records.get(apiKeyId)?.state === 'contained') {
              this.violate(`I8 ${apiKeyId} was cut off, and was reactivated`);
            }
            if (status !== 'active' && status !== before) this.#mayEnd(apiKeyId, status);
            if (before !== status) this.#set(apiKeyId, status, 'us');
            return { ...info(apiKeyId), requestIds: [] };
          }),
      },
      probe: {
        probe: (value) =>
          call('probe', () => {
            const id = this.idOf(value);
            if (id !== undefined && this.statusOf(id) !== 'active') refused.add(id);
            if (id === undefined || this.statusOf(id) !== 'active' || this.unfelt.has(id)) return { answer: 'refused' as const };
            accepted.add(id);
            return { answer: 'accepted' as const, organizationId, workspaceId: definition.workspaceId };
          }),
      },
      alarm: {
        raise: (_kind, managedKey, facts) =>
          call('alarm.raise', () => {
            const openedAt = this.open.get(managedKey)?.openedAt ?? this.now;
            this.open.set(managedKey, { openedAt, at: this.now, facts });
          }),
        clear: (_kind, managedKey) => call('alarm.clear', () => void this.open.delete(managedKey)),
        lasting: (_kind, managedKey) => call('alarm.lasting', () => this.open.get(managedKey)),
      },
      recentUse: {
        reported: async (apiKeyId, from) =>
          (this.uses.get(apiKeyId) ?? [])
            .filter((at) => at >= from && at <= this.now - 5 * 60_000)
            .map((at) => ({ at, bucket: 'minute', workspaceId: definition.workspaceId, model: 'model', tokens: 1 })),
        lastUse: async (apiKeyId) => this.#lastUses().find((use) => use.apiKeyId === apiKeyId),
        blindBecause: async () => undefined,
      },
      sightings: {
        read: async () => this.activeAt,
        write: async (activeAt) => void (this.activeAt = activeAt),
      },
      usage: {
        knownUntil: async () => (this.collectedUntil ?? this.now) - 5 * 60_000,
        lastUses: async () => this.#lastUses(),
      },
      rotations: {
        start: (secretId) =>
          call('rotations.start', () => {
            // Secrets Manager tries the one again that is open.
            if (this.#openVersion() !== undefined) return 'running' as const;
            this.asked.push(secretId);
            return 'started' as const;
          }),
      },
      watch: {
        failedRotations: async () => new Map(this.open),
        update: async (found) => void (this.known = found.map(({ kind }) => kind)),
      },
    };
  }

  #lastUses(): Awaited<ReturnType<RetirementPorts['usage']['lastUses']>> {
    return [...this.uses].flatMap(([apiKeyId, uses]) => {
      const at = lastUntil(uses, (this.collectedUntil ?? this.now) - 5 * 60_000);
      return at === undefined ? [] : [{ schema: 1, apiKeyId, at, model: 'model', workspaceId: '', tokens: 1 }];
    });
  }
}

function lastUntil(instants: readonly number[] = [], until: number): number | undefined {
  return instants.findLast((at) => at <= until);
}

/** Whether an operator may take it out of the pool: one that was cut off before it served, too, which retirement archives in its time. */
function isInOperatorsHand({ state, servedSince }: ApiKeyRecord, { cause }: ApiKeyIntent): boolean {
  if (state === 'contained') return servedSince === undefined && cause.code === 'removing';
  return state === 'standby' || state === 'rejected';
}
