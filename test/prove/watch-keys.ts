import type { RotationPolicy } from '../../contract/policy.ts';
import { dayMs, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import type { World } from '../../local/world.ts';
import { mayBeRevoked, type Decided } from './decisions.ts';
import { isOurs, labelled, works, type KeyView, type LedgerRow, type VersionView } from './observations.ts';
import type { Report } from './violation.ts';

/** The feed shows a request about five minutes after it was made; what came later may not have been known. */
const feedLagMs = 10 * minuteMs;

interface KeyMemory {
  changesSeen: number;
  accepted: number;
  /** Numbers of the looks at which it was last found to have been made active, and to have been accepted. */
  activatedAt: number;
  acceptedAt: number;
  /** When AWSCURRENT left it; undefined while it has it, or never had it. */
  leftAt: number | undefined;
  everCurrent: boolean;
}

interface SecretMemory {
  current: VersionView | undefined;
  /** At which look a version was first seen. */
  readonly firstSeen: Map<string, number>;
}

export interface KeyWatch {
  /** Looks at every API key and every consumer secret: I1 and I2. */
  look(number: number, secrets: ReadonlyMap<string, readonly VersionView[]>, rows: readonly LedgerRow[]): void;
  /** API keys that AWSCURRENT has or had and that Anthropic still shows as active. */
  inUse(managedKey: string): readonly string[];
}

/** I1: AWSCURRENT always works. I2: no old key is cut off too early, and none becomes current unproven. */
export function watchKeys(world: World, decided: Decided, delayMs: number, report: Report): KeyWatch {
  const keys = new Map<string, KeyMemory>();
  const secrets = new Map<string, SecretMemory>();
  /** The managed key that an API key belongs to. */
  const owners = new Map<string, string>();

  const memoryOf = (id: string): KeyMemory => {
    const known = keys.get(id);
    if (known !== undefined) return known;
    const fresh = { changesSeen: 0, accepted: 0, activatedAt: 0, acceptedAt: 0, leftAt: undefined, everCurrent: false };
    keys.set(id, fresh);
    return fresh;
  };

  const followSwitch = (name: string, versions: readonly VersionView[], number: number): void => {
    const memory = secrets.get(name) ?? { current: undefined, firstSeen: new Map<string, number>() };
    secrets.set(name, memory);
    for (const { versionId } of versions) if (!memory.firstSeen.has(versionId)) memory.firstSeen.set(versionId, number);
    const current = labelled(versions, 'AWSCURRENT');
    if (current?.versionId === memory.current?.versionId) return;
    const before = memory.current;
    memory.current = current;
    if (before !== undefined && current === undefined) report('I1', `AWSCURRENT of ${name} is gone`, before.holds);
    if (before !== undefined && before.holds !== current?.holds) memoryOf(before.holds).leftAt = world.clock.now();
    if (current === undefined) return;
    const key = memoryOf(current.holds);
    key.everCurrent = true;
    key.leftAt = undefined;
    // Somebody asked for it back: what was decided about it before excuses nothing from now on.
    decided.revocableUntil.delete(current.holds);
    owners.set(current.holds, name);
    if (decided.written.has(current.versionId)) return;
    if (current.holds === 'foreign' || current.holds === 'empty') {
      report('I1', `AWSCURRENT of ${name} moved to a version that holds no key's value (${current.holds})`);
      return;
    }
    const registeredAt = memory.firstSeen.get(current.versionId) ?? number;
    if (key.acceptedAt <= key.activatedAt || key.acceptedAt < registeredAt) {
      report('I2', `AWSCURRENT of ${name} moved to it before Anthropic had accepted it`, current.holds);
    }
  };

  const currentWorks = (name: string): void => {
    const current = secrets.get(name)?.current;
    if (current === undefined || decided.written.has(current.versionId) || !keys.has(current.holds)) return;
    if (current.holds === 'foreign' || current.holds === 'empty') return;
    const view = world.anthropic.inspect.key(current.holds);
    if (works(view, world.clock.now(), delayMs)) return;
    const last = view.history.at(-1);
    if (last !== undefined && !isOurs(last)) return;
    const { lastCredential } = world.definition(name).containment;
    if (mayBeRevoked(decided, view.id, world.clock.now()) && lastCredential === 'cut') return;
    report('I1', `AWSCURRENT of ${name} holds it, and Anthropic does not accept it (${view.status})`, view.id);
  };

  const followStatus = (view: KeyView, number: number): void => {
    const memory = memoryOf(view.id);
    for (const [index, change] of view.history.entries()) {
      if (index < memory.changesSeen) continue;
      if (change.status === 'active') memory.activatedAt = number;
      if (!isOurs(change) || index === 0) continue;
      if (change.status === 'inactive' && memory.everCurrent) judgeCut(view, memory, change.at);
      if (change.status === 'archived') judgeArchive(view, change.at, view.history[index - 1]);
    }
    memory.changesSeen = view.history.length;
    if (view.requests.accepted > memory.accepted) memory.acceptedAt = number;
    memory.accepted = view.requests.accepted;
  };

  /** An old key was made inactive by us. */
  const judgeCut = (view: KeyView, { leftAt }: KeyMemory, at: number): void => {
    if (mayBeRevoked(decided, view.id, at)) return;
    if (leftAt === undefined) {
      report('I2', 'it was made inactive while AWSCURRENT holds it', view.id);
      return;
    }
    const policy = policyOf(view.id);
    if (at < leftAt + policy.minimumGraceMs) {
      report(
        'I2',
        `it was made inactive ${hours(at - leftAt)} after the switch; its minimum grace is ${hours(policy.minimumGraceMs)}`,
        view.id,
      );
    }
    if (policy.atMaximum === 'cut' && at >= leftAt + policy.maximumGraceMs) return;
    const used = world.anthropic.inspect
      .usage(view.organizationId, at - policy.quietMs, at - feedLagMs)
      .filter((cell) => cell.dimensions.apiKeyId === view.id && cell.counts.outputTokens > 0)
      .map((cell) => cell.minuteAt);
    if (used.length === 0) return;
    report(
      'I2',
      `it was made inactive ${hours(at - Math.max(...used))} after it was last used; it had to be quiet for ${hours(policy.quietMs)}`,
      view.id,
    );
  };

  const judgeArchive = (view: KeyView, at: number, before: { readonly at: number; readonly status: string } | undefined): void => {
    if (decided.removed.has(view.id) || before?.status === 'expired') return;
    const { undoMs } = policyOf(view.id);
    const inactiveMs = before === undefined || before.status === 'active' ? 0 : at - before.at;
    if (inactiveMs < undoMs)
      report('I2', `it was archived after ${hours(inactiveMs)} inactive; it could be brought back for ${hours(undoMs)}`, view.id);
  };

  const policyOf = (apiKeyId: string): RotationPolicy => world.definition(owners.get(apiKeyId) ?? '').rotation;

  return {
    look(number, versions, rows) {
      for (const row of rows) owners.set(row.apiKeyId, row.managedKey);
      for (const view of world.anthropic.inspect.keys()) followStatus(view, number);
      for (const [name, own] of versions) followSwitch(name, own, number);
      for (const name of versions.keys()) currentWorks(name);
    },
    inUse: (managedKey) =>
      [...keys].flatMap(([id, memory]) =>
        memory.everCurrent && owners.get(id) === managedKey && world.anthropic.inspect.key(id).status === 'active' ? [id] : [],
      ),
  };
}

function hours(ms: number): string {
  return ms >= 2 * dayMs ? `${(ms / dayMs).toFixed(1)} days` : `${(ms / hourMs).toFixed(1)} h`;
}
