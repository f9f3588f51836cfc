import type { z } from 'zod';
import { canonicalAddress } from './canonical.ts';
import { mostStandbyKeys } from '../../contract/policy.ts';
import { dayMs, durationMs, durationText, hourMs, isDuration } from './duration.ts';
import { nameProblems } from './names.ts';
import { operatorProblems } from './operators.ts';
import { replicaProblems } from './replicas.ts';
import { rotationRules, rotationRulesProblem } from './rotation-rules.ts';
import type { RotationWindow } from './rotation-rules.ts';

/** The AWS Lambda extension for secrets may serve a cached value this long: github.com/aws-samples/aws-lambda-extensions/issues/104 */
const consumerCacheMs = 300_000;
/** The usage feed runs about five minutes late and is restated for some more: a shorter silence proves nothing. */
const shortestQuietMs = 15 * 60_000;

interface RotationFields {
  readonly every: string;
  readonly window?: RotationWindow | undefined;
  readonly minimumGrace: string;
  readonly quiet: string;
  readonly maximumGrace: string;
  readonly undo: string;
  readonly maximumAge?: string | undefined;
  readonly lowWater: string;
}

/**
 * The rules between the fields of one rotation. Runs even when single fields are wrong, so that all errors come at once:
 * then a field may hold anything, and each rule looks before it judges.
 */
export function checkRotation(fields: RotationFields, context: z.RefinementCtx<RotationFields>): void {
  const length = (name: keyof RotationFields): { readonly text: string; readonly ms: number } | undefined => {
    const text: unknown = fields[name];
    return isDuration(text) ? { text, ms: durationMs(text) } : undefined;
  };
  const refuse = (path: readonly string[], problem: string, fix: string): void => {
    context.addIssue({ code: 'custom', path: [...path], message: `${problem}\n${fix}` });
  };
  const [every, minimumGrace, quiet, maximumGrace] = [length('every'), length('minimumGrace'), length('quiet'), length('maximumGrace')];
  const [undo, maximumAge, lowWater] = [length('undo'), length('maximumAge'), length('lowWater')];
  const window: unknown = fields.window;

  if (isWindow(window) && window.startHour + window.hours > 24) {
    refuse(
      ['window', 'hours'],
      `ends after midnight UTC, ${window.hours} hours from ${window.startHour}:00`,
      `Give at most ${24 - window.startHour}.`,
    );
  }
  const schedule = every && rotationRulesProblem(every.text, isWindow(window) ? window : undefined);
  if (schedule) refuse(['every'], ...schedule);
  if (minimumGrace && minimumGrace.ms <= consumerCacheMs) {
    refuse(['minimumGrace'], 'is too short: consumers may cache the old key for 300s', 'Give more than 300s; 24h is the default.');
  }
  if (quiet && quiet.ms < shortestQuietMs) {
    refuse(['quiet'], 'is too short: the usage report itself runs minutes late', 'Give at least 15m; 6h is the default.');
  }
  if (lowWater && lowWater.ms < hourMs) {
    refuse(['lowWater'], 'leaves nobody time to make a key', 'Give at least 1h; 14d is the default.');
  }
  if (every && !schedule && lowWater && lowWater.ms > mostStandbyKeys * every.ms) {
    const most = durationText(mostStandbyKeys * every.ms);
    refuse(
      ['lowWater'],
      `can never be reached: ${mostStandbyKeys} standby keys are the most that one secret holds, and they last ${most} at one every ${every.text}`,
      `Give at most ${most}, or a longer every.`,
    );
  }
  if (undo && undo.ms < hourMs) refuse(['undo'], 'leaves nobody time to undo', 'Give at least 1h; 7d is the default.');
  if (minimumGrace && maximumGrace && maximumGrace.ms < minimumGrace.ms) {
    refuse(['maximumGrace'], `is shorter than minimumGrace (${minimumGrace.text})`, `Give at least ${minimumGrace.text}.`);
  }
  if (quiet && maximumGrace && quiet.ms > maximumGrace.ms) {
    refuse(
      ['quiet'],
      `is longer than maximumGrace (${maximumGrace.text}): the old key could never be found silent in time`,
      `Give at most ${maximumGrace.text}.`,
    );
  }
  if (every && maximumGrace && every.ms <= maximumGrace.ms) {
    refuse(
      ['maximumGrace'],
      `is not shorter than every (${every.text}): two old keys would be in grace at once`,
      `Give less than ${every.text}.`,
    );
  }
  if (every && !schedule && maximumGrace && maximumAge) {
    const oldestMs = oldestAgeMs({ every: every.text, window: isWindow(window) ? window : undefined, maximumGrace: maximumGrace.text });
    if (oldestMs > maximumAge.ms) {
      refuse(
        ['maximumAge'],
        `cannot be kept: rotating every ${every.text} with a grace of up to ${maximumGrace.text} lets a key live ${ageText(oldestMs)}`,
        `Give at least ${ageText(oldestMs)}, or shorten every or maximumGrace.`,
      );
    }
  }
}

export function checkManagedKeys(keys: unknown, context: z.RefinementCtx): void {
  if (!Array.isArray(keys)) return;
  for (const { index, problem, fix } of nameProblems(keys.map(nameOf))) {
    context.addIssue({ code: 'custom', path: [index, 'name'], message: `${problem}\n${fix}` });
  }
}

/** The heartbeat needs a key, and only a managed key of this file has one. */
export function checkHeartbeat(configuration: unknown, context: z.RefinementCtx): void {
  const field = (value: unknown, name: string): unknown => (value instanceof Object ? Reflect.get(value, name) : undefined);
  const wanted = field(field(field(configuration, 'usage'), 'heartbeat'), 'managedKey');
  const managedKeys = field(configuration, 'managedKeys');
  if (typeof wanted !== 'string' || !Array.isArray(managedKeys)) return;
  const names = managedKeys.map(nameOf);
  const refuse = (problem: string, fix: string): void => {
    context.addIssue({ code: 'custom', path: ['usage', 'heartbeat', 'managedKey'], message: `${problem}\n${fix}` });
  };
  if (!names.includes(wanted)) {
    refuse('is not the name of a managed key of this file', 'Add a managed key of that name to managedKeys; nobody else may use it.');
  } else if (names.length === 1) {
    refuse('is the only managed key of this file, and the heartbeat needs one of its own', 'Add a second managed key, and name that.');
  }
}

/** One subscription for an address: a second one would have the same name in the stack. */
export function checkEmails(emails: unknown, context: z.RefinementCtx): void {
  refuseRepeated(emails, canonicalAddress, 'Give each address once.', context);
}

export function checkReplicas(replicas: unknown, context: z.RefinementCtx): void {
  for (const { index, field, problem, fix } of replicaProblems(replicas)) {
    context.addIssue({ code: 'custom', path: [index, field], message: `${problem}\n${fix}` });
  }
}

export function checkOperators(operators: unknown, context: z.RefinementCtx): void {
  for (const { index, problem, fix } of operatorProblems(operators)) {
    context.addIssue({ code: 'custom', path: [index], message: `${problem}\n${fix}` });
  }
}

/** Runs on what may be wrong in any other way: a list, or not. */
function refuseRepeated(given: unknown, canonical: (text: string) => string, fix: string, context: z.RefinementCtx): void {
  if (!Array.isArray(given)) return;
  const texts = given.map((item: unknown) => (typeof item === 'string' ? canonical(item) : undefined));
  for (const [index, text] of texts.entries()) {
    if (text === undefined || texts.indexOf(text) === index) continue;
    context.addIssue({ code: 'custom', path: [index], message: `is named twice\n${fix}` });
  }
}

/**
 * How old an API key can get, in words: the interval and the grace add up, which people forget
 * (github.com/cyberark/conjur/pull/2657).
 */
export function maximumAgeStatement(rotation: RotationFields & { readonly atMaximum: 'wait' | 'cut' }): string {
  const oldest = ageText(oldestAgeMs(rotation));
  return rotation.atMaximum === 'cut'
    ? `no key lives longer than ${oldest}`
    : `a key lives ${oldest} at most, unless somebody still uses it then: people are told, and it stays active`;
}

/** The longest that a key lives where every rotation succeeds. */
function oldestAgeMs(rotation: Pick<RotationFields, 'every' | 'window' | 'maximumGrace'>): number {
  return rotationRules(rotation.every, rotation.window, '').longestMs + durationMs(rotation.maximumGrace);
}

/** What is promised: the configured maximum age, else what the schedule allows and a day, since a schedule in days may use the whole day. */
export function maximumAgeMs(rotation: RotationFields): number {
  return rotation.maximumAge === undefined ? oldestAgeMs(rotation) + dayMs : durationMs(rotation.maximumAge);
}

function ageText(ms: number): string {
  return ms > 2 * dayMs ? `${Math.ceil(ms / dayMs)}d` : durationText(ms);
}

function nameOf(key: unknown): unknown {
  return typeof key === 'object' && key !== null && 'name' in key ? key.name : undefined;
}

function isWindow(value: unknown): value is RotationWindow {
  if (typeof value !== 'object' || value === null || !('startHour' in value) || !('hours' in value)) return false;
  return [value.startHour, value.hours].every((hour) => typeof hour === 'number' && Number.isInteger(hour));
}
