import { dayMs } from '../../lambda/foundation/clock.ts';
import type { World } from '../../local/world.ts';
import { judgeQuiescence } from './quiescence.ts';
import { nothingDecided, type Decision } from './decisions.ts';
import { judgeLeaks } from './leaks.ts';
import { labelled, ledgerRows, versionsOf, type VersionView } from './observations.ts';
import type { Report, Violation } from './violation.ts';
import { watchKeys } from './watch-keys.ts';
import { watchLedger } from './watch-ledger.ts';

/** Judges by what stands in the two worlds, never by what the product thinks of itself. */
export interface Observer {
  /** A person made a key in the Console: whose value it is, nobody else can say. */
  made(apiKeyId: string, value: string): void;
  /** A person decided something that excuses what follows from it. */
  told(decision: Decision): void;
  /** What the command line said. */
  heard(text: string): void;
  /** Looks now. After every single call it looks by itself; after an act of people it must be told to. */
  look(): void;
  /** Nothing goes wrong any more and some hours have passed: judges what must be so at the end. */
  atQuiescence(): void;
  violations(): readonly Violation[];
}

export interface ObserverOptions {
  readonly managedKeys: readonly string[];
  /** How long a changed status takes to be felt in this world. @default 0 */
  readonly delayMs?: number;
}

/** Watches a world from now on. Must be there before any other hook: of several hooks at Anthropic only the first fault is asked for. */
export function observe(world: World, { managedKeys, delayMs = 0 }: ObserverOptions): Observer {
  const ids = new Map<string, string>();
  const decided = nothingDecided();
  const violations = new Map<string, Violation>();
  const report: Report = (invariant, what, apiKeyId) => {
    const key = `${invariant} ${what} ${apiKeyId ?? ''}`;
    if (violations.has(key)) return;
    violations.set(key, { invariant, what, at: world.clock.now(), ...(apiKeyId === undefined ? {} : { apiKeyId }) });
  };
  const keys = watchKeys(world, decided, delayMs, report);
  const ledger = watchLedger(decided, report);
  let said = '';
  let looks = 0;

  const secretsNow = (): ReadonlyMap<string, readonly VersionView[]> =>
    new Map(managedKeys.map((name) => [name, versionsOf(world, world.definition(name).secretArn, ids)]));

  const look = (): void => {
    const rows = ledgerRows(world);
    const secrets = secretsNow();
    keys.look((looks += 1), secrets, rows);
    ledger.look(rows, secrets);
  };

  const lookAfter = ({ phase }: { readonly phase: 'before' | 'after' }): undefined => {
    if (phase === 'after') look();
  };
  world.aws.intercept.onCall(lookAfter);
  world.anthropic.intercept.onCall(lookAfter);
  look();

  return {
    made(apiKeyId, value) {
      ids.set(value, apiKeyId);
      look();
    },
    told(decision) {
      switch (decision.kind) {
        case 'emergency':
          for (const id of keys.inUse(decision.managedKey)) decided.revocableUntil.set(id, world.clock.now() + dayMs);
          break;
        case 'containment':
          decided.revocableUntil.set(decision.apiKeyId, Number.POSITIVE_INFINITY);
          break;
        case 'removal':
          decided.removed.add(decision.apiKeyId);
          break;
        case 'pause':
          decided.pauses.push({ managedKey: decision.managedKey, from: world.clock.now() });
          break;
        case 'resume':
          for (const pause of decided.pauses) if (pause.managedKey === decision.managedKey) pause.until ??= world.clock.now();
          break;
        case 'rotation-given-up': {
          const pending = labelled(secretsNow().get(decision.managedKey) ?? [], 'AWSPENDING');
          if (pending !== undefined) decided.givenUp.add(pending.versionId);
          break;
        }
        case 'secret-written': {
          const current = labelled(secretsNow().get(decision.managedKey) ?? [], 'AWSCURRENT');
          if (current !== undefined) decided.written.add(current.versionId);
          look();
        }
      }
    },
    heard: (text) => void (said += text),
    look,
    atQuiescence() {
      look();
      judgeQuiescence({ world, rows: ledgerRows(world), secrets: secretsNow(), ids, decided, report });
      judgeLeaks(world, ids, said, report);
    },
    violations: () => [...violations.values()],
  };
}
