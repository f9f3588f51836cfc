import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apiKeyStates } from '../../../contract/api-key-states.ts';
import type { ApiKeyRecord } from '../../../contract/records.ts';
import { changed } from '../../../lambda/rotation/change.ts';
import type { Shown } from '../../../lambda/rotation/verify-revoked.ts';
import { lifecycle } from '../../../lambda/rotation/lifecycle.ts';
import { planKey, type PlannedStep } from '../../../lambda/rotation/plan.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { aRecord } from '../../support/records.ts';
import { now, seen } from './sight.ts';

const shown: readonly Shown[] = ['active', 'inactive', 'archived', 'expired', 'unknown', 'gone'];
const ages = [0, 2 * minuteMs, 20 * minuteMs, 2 * hourMs, 3 * dayMs, 40 * dayMs];
const agoOrNever = fc.option(fc.constantFrom(...ages), { nil: undefined });
const at = (age: number | undefined): number | undefined => (age === undefined ? undefined : now - age);
const request = (age: number | undefined): ApiKeyRecord['undoRequest'] =>
  age === undefined ? undefined : { at: now - age, by: 'operator', because: 'a test' };

/** A key in any state, with anything that a record can hold beside it; what Anthropic lists, and shows of it when it is asked. */
const aKey = fc.record({
  state: fc.constantFrom(...apiKeyStates),
  age: fc.constantFrom(...ages),
  intent: fc.option(fc.record({ to: fc.constantFrom(...apiKeyStates), age: fc.constantFrom(...ages), ordered: fc.boolean() }), {
    nil: undefined,
  }),
  wanted: agoOrNever,
  emergency: agoOrNever,
  reactivated: agoOrNever,
  dead: agoOrNever,
  lateUntil: fc.option(fc.constantFrom(now - hourMs, now - minuteMs, now + minuteMs), { nil: undefined }),
  verified: fc.boolean(),
  labels: fc.subarray(['AWSPENDING', 'AWSCURRENT', 'AWSPREVIOUS']),
  listed: fc.constantFrom(...shown),
  look: fc.constantFrom(...shown),
  paused: fc.boolean(),
});
type Drawn = typeof aKey extends fc.Arbitrary<infer T> ? T : never;

function drawn({ state, age, intent, lateUntil, verified, ...key }: Drawn): {
  readonly record: ApiKeyRecord;
  readonly plan: (look?: Shown) => PlannedStep;
} {
  const optional = {
    wanted: request(key.wanted),
    revokeRequest: request(key.emergency),
    reactivatedAt: at(key.reactivated),
    foundDeadAt: at(key.dead),
    lateActivationUntil: lateUntil,
    verifiedInactiveAt: verified ? now - age : undefined,
    token: state === 'standby' || state === 'rejected' ? undefined : 'v2',
    intent:
      intent === undefined
        ? undefined
        : {
            to: intent.to,
            at: now - intent.age,
            cause: { code: 'expired' } as const,
            ...(intent.ordered ? { ordered: true as const } : {}),
          },
  };
  const known = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  const record = aRecord({ apiKeyId: 'apikey_two', state, since: now - age, ...known });
  const healthy = seen(key.listed === 'gone' ? {} : { statuses: { apikey_two: key.listed } });
  const pause = { schema: 1, managedKey: 'production', at: now, by: 'operator', because: 'a freeze' } as const;
  const snapshot = {
    ...healthy,
    own: [...healthy.own, record],
    pause: key.paused ? pause : undefined,
    secret: { ...healthy.secret, stages: new Map([...healthy.secret.stages, ['v2', key.labels]]) },
  };
  return { record, plan: (look) => (look === undefined ? planKey(record, snapshot) : planKey(record, snapshot, look)) };
}

/** Of every key that was drawn: the plan, and the one after a second look where the first asks for it. */
function holds(judge: (step: PlannedStep, drawn: Drawn & { readonly record: ApiKeyRecord }) => void): void {
  fc.assert(
    fc.property(aKey, (given) => {
      const { record, plan } = drawn(given);
      const first = plan();
      judge(first.step.do === 'look' ? plan(given.look) : first, { ...given, record });
    }),
    { numRuns: 1000 },
  );
}

test('a second look is the last one', () => {
  holds(({ step }) => expect(step.do).not.toBe('look'));
});

test('what is planned the lifecycle takes', () => {
  holds(({ step }, { record }) => {
    if (step.do === 'act') expect(() => changed(record, step.change, now)).not.toThrow();
  });
});

test('a key that consumers read is never set by the plan, unless containment was ordered', () => {
  holds(({ step }, { state, intent }) => {
    if (step.do !== 'act' || step.set === undefined || state !== 'current') return;
    expect(intent?.to).toBe('contained');
  });
});

test('whatever is set was announced by an intent', () => {
  holds(({ step }, { intent }) => {
    if (step.do === 'act' && step.set !== undefined) expect(step.intent ?? intent).toBeDefined();
  });
});

test('what somebody is at work on this moment is left to them, but for what is over at Anthropic or by an emergency', () => {
  holds(({ step, because }, { intent, ...key }) => {
    const isYoung = intent !== undefined && intent.age < 5 * minuteMs;
    if (!isYoung || step.do !== 'act') return;
    const mayBe = [
      'grace-over',
      'switched-and-moved-on',
      'undo-period-over',
      'inactive-again',
      'undo-lapsed',
      'emergency-lapsed',
      'claim-abandoned',
    ];
    expect({ because, key: mayBe.includes(because) || (intent.ordered && because.startsWith('given-back')) }).toEqual({
      because,
      key: true,
    });
    expect(key.state).not.toBe('standby');
  });
});

test('of a paused managed key nothing is done to an old key, unless an emergency wants it off; that somebody enabled it is noted', () => {
  holds(({ step }, { paused, state, intent, emergency, lateUntil, dead }) => {
    const isOld = state === 'draining' || state === 'inactive' || state === 'contained';
    if (!paused || !isOld || intent !== undefined || emergency !== undefined || lateUntil !== undefined || dead !== undefined) return;
    if (step.do === 'act') expect(step).toEqual({ do: 'act', change: { to: 'reactivated', cause: { code: 'enabled-outside' } } });
    else expect(step.do).toBe('wait');
  });
});

test('an archived key is left alone, and only a key that is off or was removed is archived', () => {
  holds(({ step }, { state, intent, dead }) => {
    if (step.do !== 'act') return;
    if (state === 'archived') expect(dead).toBeDefined();
    if (step.set !== 'archived') return;
    expect(lifecycle[state].archived === 'archived').toBe(true);
    if (state === 'standby' || state === 'rejected') expect(intent?.to).toBe('archived');
  });
});
