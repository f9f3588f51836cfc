import type { CallPoint, Fault as AnthropicFault } from '../../local/anthropic/intercept.ts';
import type { Fault as AwsFault } from '../../local/aws/intercept.ts';
import type { World } from '../../local/world.ts';
import { canBeAnswered, canComeOnce, wrongAnswer, wrongAnswers, type WrongAnswer } from './wrong-answers.ts';

/**
 * What happens to the call at one point of an operation. `killed`: the process that made it dies, before or after the effect.
 * `cut`: no effect and no answer; `lost`: the effect and no answer. `stale`: a read answers as before the last write. The
 * `-thrice` forms last until the SDK has given up, so that the caller sees the error; `outage` lasts as long as the operation. Wrong
 * answers come once, three times, or from then on for as long as the operation lasts.
 */
const troubles = [
  'killed-before',
  'killed-after',
  'throttled',
  'throttled-thrice',
  'failed',
  'failed-thrice',
  'cut',
  'cut-thrice',
  'lost',
  'lost-thrice',
  'stale',
  'stale-thrice',
  'outage',
] as const;
type Wrong = WrongAnswer | `${WrongAnswer}-thrice` | `${WrongAnswer}-lasting`;
export type FaultKind = (typeof troubles)[number] | Wrong;
export const faultKinds: readonly FaultKind[] = [
  ...troubles,
  ...wrongAnswers.flatMap((wrong): readonly Wrong[] => [wrong, `${wrong}-thrice`, `${wrong}-lasting`]),
];

/** One call of an operation, as the clean run saw it. */
export interface CallSeen {
  /** `secretsmanager:PutSecretValue` or `POST /v1/organizations/api_keys/{api_key_id}`. */
  readonly name: string;
  readonly isRead: boolean;
}

/** Which kinds make a difference for a call. */
export function kindsFor(call: CallSeen): readonly FaultKind[] {
  return faultKinds.filter((kind) => whyNot(kind, call) === undefined);
}

/** Why this kind of fault is none to this call; undefined where it is one. */
function whyNot(kind: FaultKind, call: CallSeen): string | undefined {
  const wrong = wrongOf(kind);
  if (wrong === undefined) return call.isRead || !kind.startsWith('stale') ? undefined : 'only a read can be stale';
  if (sideOf(call.name) !== 'anthropic' || !canBeAnswered(wrong, askedOf(call.name))) return `${wrong} is no answer to it`;
  if (kind.endsWith('-lasting') || canComeOnce(wrong, askedOf(call.name))) return undefined;
  return 'that one key is unknown is the word of its own organization too: nobody can tell it from the truth';
}

/** The wrong answer that a kind of fault is; undefined for trouble of another sort. */
export function wrongOf(kind: string): WrongAnswer | undefined {
  return wrongAnswers.find((wrong) => [wrong, `${wrong}-thrice`, `${wrong}-lasting`].includes(kind));
}

export interface InjectedFault {
  /** The calls since the start. */
  readonly calls: readonly CallSeen[];
  /** Resolves when the process that is not a Lambda function was killed. */
  readonly killed: Promise<void>;
  /** Whether the point was reached. */
  reached(): boolean;
  /** Why the call at the point was left alone. A run that something else disturbs may make another call there than the clean one. */
  skipped(): string | undefined;
  /** No more faults, and no more counting. */
  stop(): void;
}

/** Counts the calls of both worlds from now on; the call number `point` meets the fault, from 1. Without a kind it only counts. */
export function injectFault(world: World, point = 0, kind?: FaultKind): InjectedFault {
  const calls: CallSeen[] = [];
  const numbers = new Map<string, number>();
  let left = kind?.endsWith('thrice') === true ? 3 : 1;
  let victim: string | undefined;
  let why: string | undefined;
  let kill = (): void => undefined;
  const killed = new Promise<void>((resolve) => (kill = resolve));
  const dead = (): Promise<never> => {
    // A function dies as Lambda lets it die; whatever else made the call is a process of its own, and simply stays silent.
    if (world.aws.functions.kill() === 0) kill();
    return new Promise(() => undefined);
  };

  /** `fails`: this call meets the fault in this phase. */
  const meet = (id: string, phase: 'before' | 'after', call: CallSeen): 'fails' | 'die' | undefined => {
    if (phase === 'before') {
      calls.push(call);
      numbers.set(id, calls.length);
    }
    const number = numbers.get(id);
    if (number === undefined || kind === undefined) return undefined;
    if (number === point && victim === undefined) {
      why = whyNot(kind, call);
      if (why !== undefined) return undefined;
      victim = call.name;
    }
    if (kind === 'killed-before' || kind === 'killed-after') return number === point && kind === `killed-${phase}` ? 'die' : undefined;
    if (kind === 'outage') return victim !== undefined && sideOf(victim) === sideOf(call.name) && phase === 'before' ? 'fails' : undefined;
    const wrong = wrongOf(kind);
    if (wrong !== undefined && kind.endsWith('-lasting'))
      return victim !== undefined && sideOf(call.name) === 'anthropic' ? 'fails' : undefined;
    if (wrong !== undefined && wrongAnswer(wrong, askedOf(call.name), phase) === undefined) return undefined;
    const failsNow = wrong !== undefined || phase === (kind.startsWith('lost') && call.name.includes(' ') ? 'after' : 'before');
    if (!failsNow || number < point || call.name !== victim || left === 0) return undefined;
    left -= 1;
    return 'fails';
  };

  const stopAws = world.aws.intercept.onCall(({ number, service, operation, phase }) => {
    const isRead = /^(Get|Describe|List|Query|Scan|BatchGet)/.test(operation);
    const met = meet(`aws ${number}`, phase, { name: `${service}:${operation}`, isRead });
    return met === 'die' ? dead() : met === 'fails' && kind !== undefined ? awsFaults[shortOf(kind)] : undefined;
  });
  const stopAnthropic = world.anthropic.intercept.onCall(({ number, phase, ...call }) => {
    const met = meet(`anthropic ${number}`, phase, { name: nameOf(call), isRead: call.method === 'GET' });
    if (met === 'die') return dead();
    if (met === undefined || kind === undefined) return undefined;
    const wrong = wrongOf(kind);
    return wrong === undefined ? anthropicFaults[shortOf(kind)] : wrongAnswer(wrong, call, phase);
  });
  return {
    calls,
    killed,
    reached: () => victim !== undefined,
    skipped: () => why,
    stop() {
      stopAws();
      stopAnthropic();
    },
  };
}

type Short = 'throttled' | 'failed' | 'cut' | 'lost' | 'stale';

function shortOf(kind: FaultKind): Short {
  const short = kind.replace('-thrice', '');
  return short === 'throttled' || short === 'cut' || short === 'lost' || short === 'stale' ? short : 'failed';
}

const awsFaults: Readonly<Record<Short, AwsFault>> = {
  throttled: 'throttle',
  failed: 'error500',
  cut: 'drop-before',
  lost: 'drop-after',
  stale: 'stale',
};

const anthropicFaults: Readonly<Record<Short, AnthropicFault>> = {
  throttled: { kind: 'status', status: 429 },
  failed: { kind: 'status', status: 500 },
  cut: { kind: 'drop' },
  lost: { kind: 'drop' },
  stale: { kind: 'stale' },
};

function nameOf({ method, route, target }: Pick<CallPoint, 'method' | 'route' | 'target'>): string {
  return target === undefined ? `${method} ${route}` : `${method} ${route.replace(/\{[^}]*\}/, target)}`;
}

function askedOf(name: string): Pick<CallPoint, 'method' | 'route'> {
  const [method = '', route = ''] = name.split(' ');
  return { method, route };
}

/** What fails together: all of Anthropic, or one service of AWS. */
function sideOf(name: string): string {
  return name.includes(' ') ? 'anthropic' : (name.split(':')[0] ?? '');
}
