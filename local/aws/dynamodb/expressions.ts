import { parseCondition } from './conditions.ts';
import type { ParsedCondition } from './conditions.ts';
import { parseProjection } from './paths.ts';
import type { ParsedProjection } from './paths.ts';
import type { ExpressionKind } from './tokens.ts';
import { parseUpdate } from './updates.ts';
import type { ParsedUpdate } from './updates.ts';

/** Parsers that remember: handlers send the same few texts again and again. */
export interface Expressions {
  condition(kind: ExpressionKind, text: string | undefined): ParsedCondition | undefined;
  update(text: string | undefined): ParsedUpdate | undefined;
  projection(text: string | undefined): ParsedProjection | undefined;
}

export function createExpressions(): Expressions {
  const conditions = new Map<string, ParsedCondition>();
  const updates = new Map<string, ParsedUpdate>();
  const projections = new Map<string, ParsedProjection>();
  return {
    condition: (kind, text) =>
      text === undefined ? undefined : remembered(conditions, `${kind} ${text}`, () => parseCondition(kind, text)),
    update: (text) => (text === undefined ? undefined : remembered(updates, text, () => parseUpdate(text))),
    projection: (text) => (text === undefined ? undefined : remembered(projections, text, () => parseProjection(text))),
  };
}

function remembered<T>(memory: Map<string, T>, key: string, make: () => T): T {
  const known = memory.get(key);
  if (known !== undefined) return known;
  // Texts with values pasted into them would otherwise grow without end.
  if (memory.size > 2000) memory.clear();
  const made = make();
  memory.set(key, made);
  return made;
}
