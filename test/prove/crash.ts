import { aGround, type Ground } from './ground.ts';
import { interleaved, letIn } from './gate.ts';
import { harmKinds, inflict, kindsFor, type CallSeen, type HarmKind } from './harm.ts';
import type { Operation, Outcome, Prepared } from './operation.ts';
import { operations } from './operations.ts';
import { withQuickTimers } from './quick-timers.ts';
import type { Violation } from './violation.ts';

/** How many may carry on. */
export const handCounts = [0, 1, 2] as const;

/** One run of one operation: harmed at one call and carried on by one or two at once, or held there while something else is done. */
export interface Case {
  readonly operation: string;
  /** The call, from 1. */
  readonly point: number;
  readonly kind: HarmKind | `beside-${number}`;
  /** Who carries on: nobody but what comes by itself, one, or two at once. */
  readonly hands: (typeof handCounts)[number];
  readonly seed: number;
}

export interface CaseResult {
  readonly case: Case;
  /** The call that was harmed, if any. */
  readonly call: string | undefined;
  /** Whether the operation made that call: a run may need fewer than the clean one did. */
  readonly reached: boolean;
  /** Why that call was left alone. */
  readonly skipped?: string | undefined;
  readonly violations: readonly Violation[];
}

/** `rotation:17:killed-after:2`: what `--case` takes. */
export function caseName({ operation, point, kind, hands }: Case): string {
  return [operation, point, kind, hands].join(':');
}

/** Throws RangeError for a text that names no case. */
export function caseNamed(text: string, seed: number): Case {
  const [operation = '', point, kind = '', hands] = text.split(':');
  const known = harmKinds.find((each) => each === kind) ?? (/^beside-\d+$/.test(kind) ? (kind as `beside-${number}`) : undefined);
  const carryOn = handCounts.find((count) => String(count) === hands);
  if (known === undefined || !Number.isInteger(Number(point)) || carryOn === undefined) {
    throw new RangeError(`no case is called ${text}: operation:call:kind:hands, such as rotation:17:killed-after:2`);
  }
  return {
    operation: operationNamed(operation).name,
    point: Number(point),
    kind: known,
    hands: carryOn,
    seed,
  };
}

export function operationNamed(name: string): Operation {
  const found = operations.find((operation) => operation.name === name);
  if (found !== undefined) return found;
  throw new RangeError(`no operation is called ${name}; there are ${operations.map((operation) => operation.name).join(', ')}`);
}

/** What a run without harm showed. */
export interface CleanRun {
  readonly calls: readonly CallSeen[];
  /** How many things may go on beside it. */
  readonly beside: number;
  readonly violations: readonly Violation[];
}

/** A run without harm: which calls the operation makes, and that nothing is violated then. */
export async function cleanRun(operation: Operation, seed: number): Promise<CleanRun> {
  let calls: readonly CallSeen[] = [];
  let beside = 0;
  const violations = await onGround(operation, seed, true, async (ground, prepared) => {
    const harm = inflict(ground.world);
    await prepared.act();
    harm.stop();
    calls = harm.calls;
    beside = prepared.beside.length;
  });
  return { calls, violations, beside };
}

/** Every case of an operation whose calls are known. */
export function casesOf(operation: Operation, { calls, beside }: Pick<CleanRun, 'calls' | 'beside'>, seed: number): readonly Case[] {
  const harmed = calls.flatMap((call, index) =>
    kindsFor(call).flatMap((kind) =>
      handsFor(operation, kind).map((hands) => ({ operation: operation.name, point: index + 1, kind, hands, seed })),
    ),
  );
  const together = calls.flatMap((_call, index) =>
    Array.from({ length: beside }, (_unused, which) => ({
      operation: operation.name,
      point: index + 1,
      kind: `beside-${which}` as const,
      hands: 1 as const,
      seed,
    })),
  );
  return [...harmed, ...together];
}

/** A command that dies may never be given again; a function is called again whatever becomes of it. */
function handsFor({ isTyped }: Operation, kind: HarmKind): readonly Case['hands'][] {
  return isTyped === true && kind.startsWith('killed') ? [0, 1, 2] : [1, 2];
}

export async function runCase(each: Case): Promise<CaseResult> {
  let call: string | undefined;
  let reached = true;
  let skipped: string | undefined;
  const violations = await onGround(operationNamed(each.operation), each.seed, each.hands > 0, async (ground, prepared) => {
    if (isBeside(each.kind)) {
      const other = prepared.beside[Number(each.kind.split('-')[1])];
      const seen = inflict(ground.world);
      if (other !== undefined) await letIn(ground.world, each.point, prepared.act, other);
      seen.stop();
      call = seen.calls[each.point - 1]?.name;
    } else {
      const harm = inflict(ground.world, each.point, each.kind);
      await Promise.race([prepared.act(), harm.killed]);
      harm.stop();
      call = harm.calls[each.point - 1]?.name;
      reached = harm.reached();
      skipped = harm.skipped();
    }
    if (each.hands === 0) {
      ground.world.aws.schedules.enable('retirement');
      return;
    }
    const { again, atOnce = again } = prepared;
    if (each.hands === 2) await interleaved(ground.world, each.seed * 1000 + each.point, [atOnce, atOnce]);
    await again();
  });
  return { case: each, call, reached, skipped, violations };
}

function isBeside(kind: Case['kind']): kind is `beside-${number}` {
  return kind.startsWith('beside-');
}

/** Prepares, runs, lets the world come to rest and judges; `isDone`: the operation is carried out in the end, and its outcome judged too. */
async function onGround(
  operation: Operation,
  seed: number,
  isDone: boolean,
  run: (ground: Ground, prepared: Prepared) => Promise<void>,
): Promise<readonly Violation[]> {
  return withQuickTimers(async () => {
    const { world } = operation;
    const ground = await aGround({ seed, ...(world === undefined ? {} : { world }) });
    try {
      const prepared = await operation.prepare(ground);
      await run(ground, prepared);
      await ground.rests();
      ground.observer.atRest();
      const { is, shouldBe }: Outcome = isDone ? await prepared.outcome() : { is: {}, shouldBe: {} };
      const unexpected = Object.keys(shouldBe).filter((name) => shouldBe[name]?.split('|').includes(is[name] ?? '') !== true);
      return [
        ...ground.observer.violations(),
        ...unexpected.map((name) => ({
          invariant: 'expected' as const,
          what: `${name} is ${is[name] ?? 'unknown'} and should be ${shouldBe[name] ?? 'unknown'}`,
          at: ground.world.clock.now(),
        })),
      ];
    } finally {
      await ground.leaves();
    }
  });
}
