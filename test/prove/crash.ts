import { aProofWorld, type ProofWorld } from './world.ts';
import { interleaved, letIn } from './gate.ts';
import { faultKinds, injectFault, kindsFor, type CallSeen, type FaultKind } from './faults.ts';
import type { Operation, Outcome, Prepared } from './operation.ts';
import { operations } from './operations.ts';
import { withQuickTimers } from './quick-timers.ts';
import type { Violation } from './violation.ts';

/** How many may carry on. */
export const runnerCounts = [0, 1, 2] as const;

/** One run of one operation: with a fault at one call and carried on by one or two runners, or held there while something else is done. */
export interface Case {
  readonly operation: string;
  /** The call, from 1. */
  readonly point: number;
  readonly kind: FaultKind | `beside-${number}`;
  /** Who carries on: nobody but what comes by itself, one, or two at once. */
  readonly runners: (typeof runnerCounts)[number];
  readonly seed: number;
}

export interface CaseResult {
  readonly case: Case;
  /** The call that met the fault, if any. */
  readonly call: string | undefined;
  /** Whether the operation made that call: a run may need fewer than the clean one did. */
  readonly reached: boolean;
  /** Why that call was left alone. */
  readonly skipped?: string | undefined;
  readonly violations: readonly Violation[];
}

/** `rotation:17:killed-after:2`: what `--case` takes. */
export function caseName({ operation, point, kind, runners }: Case): string {
  return [operation, point, kind, runners].join(':');
}

/** Throws RangeError for a text that names no case. */
export function caseNamed(text: string, seed: number): Case {
  const [operation = '', point, kind = '', runners] = text.split(':');
  const known = faultKinds.find((each) => each === kind) ?? (/^beside-\d+$/.test(kind) ? (kind as `beside-${number}`) : undefined);
  const carryOn = runnerCounts.find((count) => String(count) === runners);
  if (known === undefined || !Number.isInteger(Number(point)) || carryOn === undefined) {
    throw new RangeError(`no case is called ${text}: operation:call:kind:runners, such as rotation:17:killed-after:2`);
  }
  return {
    operation: operationNamed(operation).name,
    point: Number(point),
    kind: known,
    runners: carryOn,
    seed,
  };
}

export function operationNamed(name: string): Operation {
  const found = operations.find((operation) => operation.name === name);
  if (found !== undefined) return found;
  throw new RangeError(`no operation is called ${name}; there are ${operations.map((operation) => operation.name).join(', ')}`);
}

/** What a run without a fault showed. */
export interface CleanRun {
  readonly calls: readonly CallSeen[];
  /** How many things may go on beside it. */
  readonly beside: number;
  readonly violations: readonly Violation[];
}

/** A run without a fault: which calls the operation makes, and that nothing is violated then. */
export async function cleanRun(operation: Operation, seed: number): Promise<CleanRun> {
  let calls: readonly CallSeen[] = [];
  let beside = 0;
  const violations = await inWorld(operation, seed, true, async (world, prepared) => {
    const fault = injectFault(world.local);
    await prepared.act();
    fault.stop();
    calls = fault.calls;
    beside = prepared.beside.length;
  });
  return { calls, violations, beside };
}

/** Every case of an operation whose calls are known. */
export function casesOf(operation: Operation, { calls, beside }: Pick<CleanRun, 'calls' | 'beside'>, seed: number): readonly Case[] {
  const withFault = calls.flatMap((call, index) =>
    kindsFor(call).flatMap((kind) =>
      runnersFor(operation, kind).map((runners) => ({ operation: operation.name, point: index + 1, kind, runners, seed })),
    ),
  );
  const together = calls.flatMap((_call, index) =>
    Array.from({ length: beside }, (_unused, which) => ({
      operation: operation.name,
      point: index + 1,
      kind: `beside-${which}` as const,
      runners: 1 as const,
      seed,
    })),
  );
  return [...withFault, ...together];
}

/** A command that dies may never be given again; a function is called again whatever becomes of it. */
function runnersFor({ isTyped }: Operation, kind: FaultKind): readonly Case['runners'][] {
  return isTyped === true && kind.startsWith('killed') ? [0, 1, 2] : [1, 2];
}

export async function runCase(each: Case): Promise<CaseResult> {
  let call: string | undefined;
  let reached = true;
  let skipped: string | undefined;
  const violations = await inWorld(operationNamed(each.operation), each.seed, each.runners > 0, async (world, prepared) => {
    if (isBeside(each.kind)) {
      const other = prepared.beside[Number(each.kind.split('-')[1])];
      const seen = injectFault(world.local);
      if (other !== undefined) await letIn(world.local, each.point, prepared.act, other);
      seen.stop();
      call = seen.calls[each.point - 1]?.name;
    } else {
      const fault = injectFault(world.local, each.point, each.kind);
      await Promise.race([prepared.act(), fault.killed]);
      fault.stop();
      call = fault.calls[each.point - 1]?.name;
      reached = fault.reached();
      skipped = fault.skipped();
    }
    if (each.runners === 0) {
      world.local.aws.schedules.enable('retirement');
      return;
    }
    const { again, atOnce = again } = prepared;
    if (each.runners === 2) await interleaved(world.local, each.seed * 1000 + each.point, [atOnce, atOnce]);
    await again();
  });
  return { case: each, call, reached, skipped, violations };
}

function isBeside(kind: Case['kind']): kind is `beside-${number}` {
  return kind.startsWith('beside-');
}

/** Prepares, runs, waits for quiescence and judges; `isDone`: the operation is carried out in the end, and its outcome judged too. */
async function inWorld(
  operation: Operation,
  seed: number,
  isDone: boolean,
  run: (world: ProofWorld, prepared: Prepared) => Promise<void>,
): Promise<readonly Violation[]> {
  return withQuickTimers(async () => {
    const { world: changes } = operation;
    const world = await aProofWorld({ seed, ...(changes === undefined ? {} : { world: changes }) });
    try {
      const prepared = await operation.prepare(world);
      await run(world, prepared);
      await world.comesToQuiescence();
      world.observer.atQuiescence();
      const { is, shouldBe }: Outcome = isDone ? await prepared.outcome() : { is: {}, shouldBe: {} };
      const unexpected = Object.keys(shouldBe).filter((name) => shouldBe[name]?.split('|').includes(is[name] ?? '') !== true);
      return [
        ...world.observer.violations(),
        ...unexpected.map((name) => ({
          invariant: 'expected' as const,
          what: `${name} is ${is[name] ?? 'unknown'} and should be ${shouldBe[name] ?? 'unknown'}`,
          at: world.local.clock.now(),
        })),
      ];
    } finally {
      await world.leaves();
    }
  });
}
