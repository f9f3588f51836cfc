import type { AlarmCause, Brake, Cause, GraceEnd, RetirementCause } from '../../../contract/causes.ts';
import {
  releasedBrakes,
  releasedBrakeShapes,
  releasedCauses,
  releasedMeasures,
  releasedOperatorCauses,
  releasedRefutations,
  releasedRotationEnds,
  releasedStandbyKey,
} from './released-sentences.ts';
import type { Item } from './table.ts';

/**
 * The cause that a sentence says which an older version stored in a record's `because`. Total: where no code is known for it, it
 * stays that sentence.
 */
export function causeOfSentence(sentence: string): Cause {
  const [, said = sentence, before] = /^(.*) \(before: retired: (emergency)\)$/s.exec(sentence) ?? [];
  const cause = plain(said) ?? retired(said) ?? withData(said) ?? { code: 'recorded', text: said };
  return before === undefined ? cause : { ...cause, before: 'emergency' };
}

function plain(said: string): Cause | undefined {
  const code = releasedCauses.get(said);
  if (code !== undefined) return { code };
  const refutation = releasedRefutations.get(said);
  return refutation === undefined ? undefined : { code: refutation };
}

const graceEnds: readonly GraceEnd[] = ['silent', 'maximum grace', 'emergency'];

function retirement(said: string): RetirementCause | undefined {
  const [, status] = /^it is (gone|archived|expired) at Anthropic$/.exec(said) ?? [];
  if (status === 'gone' || status === 'archived' || status === 'expired') return { code: 'ended-at-anthropic', status };
  const [, ended, inGrace] = /^(.*?)(, in its grace)?$/.exec(said) ?? [];
  const end = graceEnds.find((each) => each === ended);
  return end === undefined ? undefined : { code: 'grace-over', end, ...(inGrace === undefined ? {} : { inGrace: true }) };
}

function retired(said: string): Cause | undefined {
  const [, rest, unknown] = /^retired: (.*?)( \(not proven by its value, which is no longer kept\))?$/.exec(said) ?? [];
  if (rest === undefined) return retirement(said);
  const why = retirement(rest);
  return why === undefined ? undefined : { code: 'retired', why, ...(unknown === undefined ? {} : { valueUnknown: true }) };
}

function withData(said: string): Cause | undefined {
  const [, by] = /^replaced by (\S+)$/.exec(said) ?? [];
  if (by !== undefined) return { code: 'replaced', by };
  const [, incidentId] = /^cut off by (\S+)$/.exec(said) ?? [];
  if (incidentId !== undefined) return { code: 'containment', incidentId };
  const operators = releasedOperatorCauses.find(([head]) => said.startsWith(head));
  return operators === undefined ? undefined : { code: operators[1], reason: said.slice(operators[0].length) };
}

/** An item as this version reads it: where an older one wrote sentences, with their codes; those of an operator's request are the operator's. */
export function withCause(item: Item): Item {
  const { because, intent, ...rest } = item;
  return {
    ...rest,
    ...(typeof because === 'string' ? { cause: causeOfSentence(because) } : {}),
    ...(intent === undefined ? {} : { intent: isItem(intent) ? withCause(intent) : intent }),
  };
}

/** An incident as this version reads it: an older one wrote why it was told, why it was over and what held back as sentences. */
export function withCodes(incident: Item): Item {
  const item = withBrakes(incident);
  const { kind, facts, held, next } = item;
  return {
    ...item,
    ...(isItem(facts) ? { facts: withAlarm(kind, facts) } : {}),
    ...(isItem(held) ? { held: withAlarm(kind, held) } : {}),
    ...(isItem(next) && isItem(next['facts']) ? { next: { ...next, facts: withAlarm(kind, next['facts']) } } : {}),
  };
}

function withAlarm(kind: unknown, item: Item): Item {
  const { reason, changes, ...others } = item;
  return {
    ...others,
    ...(typeof reason === 'string' ? { cause: alarmOfSentence(kind, reason) } : {}),
    ...(Array.isArray(changes)
      ? { changes: changes.map((change: unknown) => (isItem(change) ? withAlarm(kind, change) : change)) }
      : changes === undefined
        ? {}
        : { changes }),
  };
}

function alarmOfSentence(kind: unknown, text: string): AlarmCause {
  if (kind === 'retired-key-used' && text === releasedStandbyKey) return { code: 'standby-key' };
  if (kind !== 'rotation-failed') return { code: 'recorded', text };
  const end = releasedRotationEnds.get(text);
  if (end !== undefined) return { code: 'rotation-over', end };
  const [what = text, fix] = text.split('. Next step: ');
  return fix === undefined ? { code: 'recorded', text } : { code: 'error', what, fix };
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null;
}

function withBrakes(item: Item): Item {
  const { brake, brakesTold } = item;
  return {
    ...item,
    ...(typeof brake === 'string' ? { brake: brakeOfSentence(brake) } : {}),
    ...(Array.isArray(brakesTold)
      ? { brakesTold: brakesTold.map((each: unknown) => (typeof each === 'string' ? brakeOfSentence(each) : each)) }
      : {}),
  };
}

function brakeOfSentence(text: string): Brake {
  const code = releasedBrakes.get(text);
  return code === undefined ? (brakeWithData(text) ?? { code: 'recorded', text }) : { code };
}

function brakeWithData(text: string): Brake | undefined {
  const groups = (shape: RegExp): Readonly<Record<string, string>> | undefined => shape.exec(text)?.groups;
  const { blind, ofAnother, notConfirmed, paused, accepted } = releasedBrakeShapes;
  const { day, time } = groups(blind) ?? {};
  const since = Date.parse(`${day}T${time}Z`);
  if (!Number.isNaN(since)) return { code: 'usage-not-visible', since };
  const { apiKeyId, owner } = groups(ofAnother) ?? {};
  if (apiKeyId !== undefined && owner !== undefined) return { code: 'key-of-another', apiKeyId, managedKey: owner };
  const { subject, shown = '', measure } = groups(notConfirmed) ?? {};
  const metric = releasedMeasures.get(measure);
  const most = Number(shown.replaceAll(/[$,]/g, ''));
  if (subject !== undefined && metric !== undefined && Number.isFinite(most)) return { code: 'not-confirmed', subject, metric, most };
  const { managedKey, reason } = groups(paused) ?? {};
  if (managedKey !== undefined && reason !== undefined) return { code: 'replacement-paused', managedKey, reason };
  const { what, fix } = groups(accepted) ?? {};
  return what === undefined || fix === undefined ? undefined : { code: 'still-accepted', what, fix };
}
