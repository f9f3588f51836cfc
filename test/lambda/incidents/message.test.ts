import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RotationEnd } from '../../../contract/causes.ts';
import { incidentKinds } from '../../../contract/registry.ts';
import type { IncidentFacts, IncidentRecord } from '../../../contract/records.ts';
import { alertOf } from '../../../lambda/incidents/message.ts';
import { clause } from '../../../lambda/incidents/message/phrases.ts';
import { anIncident, at, everyImpossibleIncident, everyIncident, hostile } from './message-incidents.ts';
import { said } from '../../support/causes.ts';

const schema: unknown = JSON.parse(readFileSync(new URL('../../../docs/alert.schema.json', import.meta.url), 'utf8'));
if (typeof schema !== 'object' || schema === null) throw new Error('docs/alert.schema.json is no object');
const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema);
const context = { installation: 'acme', dashboardUrl: 'https://console.example.com/dashboard', at };

function violations(alert: unknown): string {
  return validate(alert) ? '' : JSON.stringify(validate.errors);
}

describe('every kind in every state and grade', () => {
  test.each([...everyIncident(), ...everyImpossibleIncident()])('$kind, $state: fits the published schema', (incident) => {
    expect(violations(alertOf(incident, context))).toBe('');
  });

  test.each([...everyIncident(), ...everyImpossibleIncident()])(
    '$kind, $state: fits the published schema with nothing but what a record must have',
    (incident) => {
      expect(violations(alertOf({ ...incident, facts: {} }, { installation: 'acme', at }))).toBe('');
    },
  );

  test.each(everyIncident())('$kind, $state: names the managed key in title and summary, and gives something to do', (incident) => {
    const alert = alertOf(incident, context);
    // What is said of the usage report is said of no key, and that there is nothing to tell, of all.
    const ofNone: Readonly<Record<string, readonly [string, string]>> = {
      'usage-blind open': ['organization', 'Anthropic'],
      'usage-blind recovered': ['organization', 'Anthropic'],
      'usage-notable recovered': ['No key', 'nothing to tell'],
    };
    const [inTitle, inSummary] = ofNone[`${incident.kind} ${incident.state}`] ?? ['production', 'production'];
    expect(alert.title).toContain(inTitle);
    expect(alert.summary).toContain(inSummary);
    expect(alert.actions.length).toBeGreaterThan(0);
  });

  test.each(everyIncident())('$kind, $state: speaks in whole sentences', (incident) => {
    const alert = alertOf({ ...incident, brake: { code: 'recorded', text: 'it is the last key that works.' } }, context);
    for (const sentence of [alert.summary, ...alert.actions]) {
      expect(sentence).toMatch(/[.?]$/);
      expect(sentence).not.toMatch(/undefined|null|NaN|\.\.(?!\.)|\s{2}/);
    }
  });

  test.each(
    everyIncident().flatMap((incident) =>
      incident.facts.cause?.code === 'recorded' ? [{ ...incident, reason: incident.facts.cause.text }] : [],
    ),
  )('$kind, $state: says the reason, as one clause', ({ reason, ...incident }) => {
    for (const text of [reason, `${reason}.`]) {
      expect(alertOf({ ...incident, facts: { ...incident.facts, cause: said(text) } }, context).summary).toContain(clause(reason));
    }
  });

  test('no two that open have the same title, nor any two kinds that recover', () => {
    for (const state of ['open', 'recovered']) {
      const told = everyIncident().filter((incident) => incident.state === state);
      // That it is over is told without the grade, but for what may have been our own late call.
      const distinct = state === 'open' ? told.length : incidentKinds.length + 1;
      expect(new Set(told.map((incident) => alertOf(incident, context).title)).size).toBe(distinct);
    }
  });

  test.each(everyIncident().filter(({ kind }) => kind !== 'pool-low'))(
    '$kind, $state: says nothing of standby keys where a strategy makes its keys itself',
    (incident) => {
      const { title, summary, actions } = alertOf(incident, { ...context, supply: 'itself' });
      expect([title, summary, ...actions].join(' ')).not.toMatch(/standby (key|add)|Create key/);
    },
  );

  test.each(everyImpossibleIncident())('$kind, $state: is told as open, should a record ever say so', (incident) => {
    expect(alertOf(incident, context).title).toBe(alertOf({ ...incident, state: 'open' }, context).title);
  });

  test('a grade that this version does not know is told by its reason', () => {
    for (const kind of ['pool-low', 'key-changed'] as const) {
      const alert = alertOf(anIncident({ kind, facts: { grade: 'toString', cause: said('something new') } }), context);
      expect(violations(alert)).toBe('');
      expect(alert.summary).toContain('something new');
    }
  });
});

test('a schema violation is found: an extra field, a line break, a value', () => {
  const alert = alertOf(anIncident(), context);
  expect(violations({ ...alert, extra: 1 })).toContain('additionalProperties');
  expect(violations({ ...alert, title: 'two\nlines' })).toContain('pattern');
  expect(violations({ ...alert, title: `a value: sk-ant-api03-${'FAKE'.repeat(6)}` })).toContain('must NOT be valid');
});

test('an anomaly gives value, usual value, ratio, period and since when in one sentence', () => {
  const { title, summary } = alertOf(anIncident(), context);
  expect(title).toBe('production: 23 times the usual output tokens');
  expect(summary).toContain(
    'shows 48,300 output tokens a minute, where at most 2,100 is usual: 23 times as much. It began 2026-06-10 14:03 UTC (18 minutes ago) with claude-fable-5 in workspace wrkspc_fake.',
  );
});

test('an anomaly in money says that it is an estimate', () => {
  const { summary } = alertOf(anIncident({ facts: { metric: 'EstimatedCost', observed: 3.5, expected: 0.25 } }), context);
  expect(summary).toContain('$3.50 a minute (estimate), where at most $0.25 is usual: 14 times as much');
});

test.each<[string, Partial<IncidentFacts>]>([
  [
    '48,300 output tokens a minute over an hour, where at most 2,100 is usual at this time of day: 23 times as much',
    { comparedWith: 'season', windowMs: 3_600_000 },
  ],
  [
    '48,300 output tokens a minute over 5 minutes, where 2,100 was the most in the last four weeks: 23 times as much',
    { comparedWith: 'level', windowMs: 300_000 },
  ],
  [
    '48,300 output tokens a minute over an hour, where 2,100 was the most in the 14 hours since its first use: 23 times as much',
    { comparedWith: 'cold', windowMs: 3_600_000, knownSince: at - (14 * 60 + 18) * 60_000 },
  ],
  [
    '48,300 output tokens a minute over a day, where 2,100 was the most ever, and a longer silence than any lies before it: 23 times as much',
    { comparedWith: 'wake', windowMs: 86_400_000 },
  ],
])('an anomaly says %s', (said, facts) => {
  const { summary, facts: rows } = alertOf(anIncident({ facts: { ...anIncident().facts, ...facts } }), { installation: 'keyguard', at });
  expect(summary).toContain(`Managed key production shows ${said}. It began `);
  expect(rows.find(({ label }) => label === 'Observed')?.value).toBe(said.split(',').slice(0, 2).join());
});

test('an anomaly says what it costs, and once it is over what it has cost', () => {
  const facts = { ...anIncident().facts, excessCostUsd: 3.204, excessCostUsdPerHour: 12.5 };
  expect(alertOf(anIncident({ facts }), context).summary).toContain(
    'So far it has cost about $3.20 more than usual, and costs about $12.50 more than usual an hour now (estimates).',
  );
  expect(alertOf(anIncident({ facts, state: 'recovered' }), context).summary).toContain(
    'It has cost about $3.20 more than usual (an estimate).',
  );
  for (const excessCostUsd of [0.004, -2])
    expect(alertOf(anIncident({ facts: { ...facts, excessCostUsd } }), context).summary).not.toContain('$');
});

test('an anomaly where nothing is usual divides by nothing', () => {
  const { title } = alertOf(anIncident({ facts: { metric: 'outputTokens', observed: 900, expected: 0 } }), context);
  expect(title).toBe('production: output tokens where nothing is usual');
});

test('a cut says how long after the first sign it came', () => {
  const { summary } = alertOf(anIncident({ state: 'contained', target: 'apikey_01FAKEold' }), context);
  expect(summary).toContain(
    'apikey_01FAKEold was made inactive at Anthropic automatically and opens nothing any more, 18 minutes after the first sign.',
  );
});

test('tokens on an inactive key are told without a measure to compare them with', () => {
  const facts = { apiKeyId: 'apikey_01FAKEold', model: 'claude-fable-5', observed: 4321, startedAt: at - 60_000 };
  const alert = alertOf(anIncident({ kind: 'retired-key-used', facts }), context);
  expect(alert.summary).toContain(
    'shows 4,321 tokens in its last busy minute, at 2026-06-10 14:20 UTC (1 minute ago) with claude-fable-5.',
  );
  expect(alert.facts).toContainEqual({ label: 'Observed', value: '4,321 tokens in its last busy minute' });
});

test('what ended an incident is said when it is over', () => {
  const cause = { code: 'over', kind: 'usage-anomaly' } as const;
  const { summary } = alertOf(anIncident({ state: 'recovered', facts: { startedAt: at, cause } }), context);
  expect(summary).toContain('is over: usage has been back in its usual band for half an hour.');
});

test('usage outside managed keys is never told to rotate', () => {
  const alert = alertOf(anIncident({ subject: 'unattributed' }), context);
  expect(JSON.stringify(alert)).not.toContain('Rotate');
  expect(alert.summary).toContain('nothing is cut off automatically');
});

test('what goes on after a cut says what was cut off, and which turn it is', () => {
  const cuts = [{ apiKeyId: 'apikey_01FAKEold', at: at - 10 * 60_000 }];
  const { facts } = anIncident();
  const again = alertOf(anIncident({ turn: 2, cuts, facts: { ...facts, startedAt: at - 4 * 60_000 } }), context);
  expect(again).toMatchObject({ state: 'open', turn: 2, title: 'production: 23 times the usual output tokens, also after the cut' });
  expect(again.summary).toContain('It went on after a cut: apikey_01FAKEold was cut off. Nothing more has been cut off so far.');
  const both = [...cuts, { apiKeyId: 'apikey_01FAKEnext', at }];
  const contained = alertOf(anIncident({ state: 'contained', target: 'apikey_01FAKEnext', turn: 2, cuts: both }), context);
  expect(contained).toMatchObject({ state: 'contained', turn: 2 });
  const over = alertOf(anIncident({ state: 'recovered', target: 'apikey_01FAKEnext', turn: 2, cuts: both }), context);
  expect(over.summary).toContain('2 API keys were cut off (apikey_01FAKEold, apikey_01FAKEnext) and stay inactive.');
  expect(over).not.toHaveProperty('turn');
});

test('after the last credential was cut off, the message says so, and first how to get another key', () => {
  const cuts = [{ apiKeyId: 'apikey_01FAKEold', at, noneLeft: true as const }];
  const { summary, actions } = alertOf(anIncident({ state: 'contained', target: 'apikey_01FAKEold', cuts }), context);
  expect(summary).toContain('production has no current key now: its consumers fail until it has another one.');
  expect(actions[0]).toContain('Open Claude Console > Settings > API keys > Create key');
  expect(actions[1]).toContain('npx --no-install keyguard standby add production');
  const replaced = alertOf(
    anIncident({ state: 'contained', target: 'apikey_01FAKEold', cuts: [{ apiKeyId: 'apikey_01FAKEold', at }] }),
    context,
  );
  expect(replaced.summary).not.toContain('no current key');
  expect(replaced.actions[0]).toContain('npx --no-install keyguard status');
});

test('how a failed rotation ended is told by its end: a switch, nothing to do, or an emergency that lapsed', () => {
  const ended = (end: RotationEnd) => {
    const facts = { startedAt: at, cause: { code: 'rotation-over', end } } as const;
    return alertOf(anIncident({ kind: 'rotation-failed', state: 'recovered', facts }), context);
  };
  expect(ended('switched').title).toBe('production: the rotation went through');
  expect(ended('still-current')).toMatchObject({ title: 'production: no rotation is owed any more' });
  const lapsed = ended('emergency-lapsed');
  expect(lapsed.title).toBe('production: the emergency has lapsed, and its key is still in use');
  expect(lapsed.actions.join(' ')).toContain('npx --no-install keyguard resume production');
});

test('an inactive key that was cut off once and is used again is not said to be untouched', () => {
  const facts = { apiKeyId: 'apikey_01FAKEold', startedAt: at };
  const cuts = [{ apiKeyId: 'apikey_01FAKEold', at: at - 10 * 60_000 }];
  const { summary } = alertOf(anIncident({ kind: 'retired-key-used', turn: 2, cuts, facts }), context);
  expect(summary).toContain('It was cut off before, and is used again.');
});

test('a key that was to be cut off, and was not, is not told as cut off when it is over', () => {
  const { summary } = alertOf(anIncident({ state: 'recovered', target: 'apikey_01FAKEold', announced: ['open'] }), context);
  expect(summary).toContain('Nothing was cut off.');
  const stored = anIncident({ state: 'recovered', target: 'apikey_01FAKEold', announced: ['open', 'contained'] });
  expect(alertOf(stored, context).summary).toContain('apikey_01FAKEold was cut off and stays inactive.');
});

test('what held containment back is said in the summary', () => {
  const { summary } = alertOf(anIncident({ brake: { code: 'recorded', text: 'it is the last key that works' } }), context);
  expect(summary).toContain('It was not cut off automatically: it is the last key that works.');
});

test('a rotation that lacks a key says which key to create where, under which name, and how to hand it over', () => {
  const { actions, summary } = alertOf(
    anIncident({ kind: 'rotation-failed', facts: { cause: said('the pool is empty'), workspaceId: 'wrkspc_fake' } }),
    context,
  );
  const text = actions.join('\n');
  expect(text).toContain('Claude Console > Settings > API keys > Create key');
  expect(text).toContain('workspace wrkspc_fake');
  expect(text).toContain('production-2026-06-10');
  expect(text).toContain('npx --no-install keyguard standby add production');
  expect(summary).toContain('the pool is empty');
  expect(summary).toContain('resumes by itself');
});

test('hostile text in any field stays one clean line, and a value in it is gone', () => {
  const value = `sk-ant-api03-FAKE${'x'.repeat(20)}`;
  const text = `${hostile} ${value}`;
  for (const incident of everyIncident()) {
    const alert = alertOf(
      {
        ...incident,
        subject: text,
        target: text,
        brake: { code: 'recorded', text },
        facts: { apiKeyId: text, model: text, workspaceId: text, metric: text, observed: 1, expected: 2, cause: said(text) },
      },
      { installation: text, at },
    );
    const strings = [
      alert.title,
      alert.summary,
      alert.subject,
      alert.installation,
      ...alert.actions,
      ...alert.facts.map((fact) => fact.value),
    ];
    expect(strings.join('|')).not.toContain(value);
    expect(strings.join('|')).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
  }
});

test('whatever the numbers and instants are, the alert fits the schema', () => {
  const finding = fc.record({
    observed: fc.double({ min: 0, max: 1e12, noNaN: true }),
    expected: fc.double({ min: 0, max: 1e12, noNaN: true }),
    startedAt: fc.integer({ min: 0, max: at }),
    cause: fc.string({ maxLength: 900 }).map(said),
    metric: fc.constantFrom('outputTokens', 'EstimatedCost', 'something new'),
  });
  fc.assert(
    fc.property(fc.constantFrom(...everyIncident()), finding, (incident: IncidentRecord, facts) => {
      return violations(alertOf({ ...incident, facts }, context)) === '';
    }),
  );
});

describe('an open incident that is told again', () => {
  const straggler = anIncident({
    kind: 'straggler',
    facts: { apiKeyId: 'apikey_01FAKEold', model: 'claude-haiku-4-5', workspaceId: 'wrkspc_fake', startedAt: at - 1_500 * 60_000 },
    openedAt: at - 1_440 * 60_000,
    announced: ['open'],
    turn: 2,
    reminder: 1,
  });

  test('says that it is a reminder, since when, and what was seen last', () => {
    const alert = alertOf(straggler, context);
    expect(violations(alert)).toBe('');
    expect(alert).toMatchObject({ state: 'open', turn: 2, reminder: 1, severity: 'warning' });
    expect(alert.title).toBe('Reminder: production: the old key apikey_01FAKEold is still in use');
    expect(alert.summary).toContain('with claude-haiku-4-5 in workspace wrkspc_fake');
    expect(alert.summary).toContain(
      'This is reminder 1: the incident is open since 2026-06-09 14:21 UTC (1 day ago), and its cause was seen again.',
    );
  });

  test('says until when the old key works: a date where the policy cuts, else for as long as it is used', () => {
    const cut = alertOf({ ...straggler, facts: { ...straggler.facts, validUntil: at + 6 * 86_400_000 } }, context);
    expect(cut.summary).toContain('the policy of production makes it inactive 2026-06-16 14:21 UTC, and whoever still holds it gets 401');
    expect(cut.facts).toContainEqual({ label: 'Valid until', value: '2026-06-16 14:21 UTC' });
    const waits = alertOf(straggler, context);
    expect(waits.summary).toContain('it stays active for as long as it is used');
    expect(JSON.stringify(waits.facts)).not.toContain('Valid until');
    const over = alertOf({ ...straggler, state: 'recovered', facts: { ...straggler.facts, validUntil: at + 86_400_000 } }, context);
    expect(JSON.stringify(over.facts)).not.toContain('Valid until');
  });

  test('because it became worse, says what it is now, and no word of a reminder', () => {
    const alert = alertOf(anIncident({ kind: 'pool-low', facts: { grade: 'empty' }, announced: ['open'], turn: 2 }), context);
    expect(violations(alert)).toBe('');
    expect(alert).toMatchObject({ turn: 2, title: 'production: no standby key is ready, the next rotation will fail' });
    expect(alert).not.toHaveProperty('reminder');
    expect(JSON.stringify(alert)).not.toMatch(/reminder/i);
  });

  test('is not reminded of once it is over', () => {
    const alert = alertOf({ ...straggler, state: 'recovered' }, context);
    expect(alert).not.toHaveProperty('turn');
    expect(JSON.stringify(alert)).not.toMatch(/reminder/i);
  });

  test.each(everyIncident())('$kind, $state: fits the schema as the hundredth reminder', (incident) => {
    expect(violations(alertOf({ ...incident, turn: 101, reminder: 100 }, context))).toBe('');
  });
});
