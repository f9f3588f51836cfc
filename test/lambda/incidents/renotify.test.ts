import { alarmText } from '../../../lambda/incidents/message/alarm-text.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { containableKinds, incidentGrades, incidentKinds, type IncidentKind } from '../../../contract/registry.ts';
import { incidentStates, type IncidentFacts, type IncidentRecord, type Notification } from '../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { acknowledgedFacts } from '../../../lambda/incidents/renotify.ts';
import { advance, notificationOf, unannounced, type IncidentEvent } from '../../../lambda/incidents/states.ts';
import { anIncident, at } from './message-incidents.ts';
import { said } from '../../support/causes.ts';

const finding = (when: number, facts: IncidentFacts = {}): IncidentEvent => ({
  type: 'finding',
  at: when,
  since: when,
  facts,
  incidentId: `incident-${when}`,
});
const happens = {
  finding: finding(at),
  braked: { type: 'braked', brake: { code: 'last-credential' } },
  containing: { type: 'containing', target: 'apikey_one' },
  contained: { type: 'contained', target: 'apikey_one', at },
  quiet: { type: 'quiet', at, cause: said('calm') },
} as const satisfies Record<IncidentEvent['type'], IncidentEvent>;

/** The state after each event; `-`: nothing changes. */
const table: Readonly<Record<IncidentRecord['state'] | 'none', Readonly<Record<IncidentEvent['type'], string>>>> = {
  none: { finding: 'open', braked: '-', containing: '-', contained: '-', quiet: '-' },
  open: { finding: 'open', braked: 'open', containing: 'containing', contained: 'contained', quiet: 'recovered' },
  containing: { finding: 'containing', braked: 'open', containing: '-', contained: 'contained', quiet: 'recovered' },
  contained: { finding: 'contained', braked: '-', containing: '-', contained: '-', quiet: 'recovered' },
  recovered: { finding: 'recovered', braked: '-', containing: '-', contained: '-', quiet: '-' },
};

const rows = (['none', ...incidentStates] as const).flatMap((state) =>
  Object.values(happens).map((event) => [event.type, state, table[state][event.type], event] as const),
);

test.each(rows)('%s on %s: %s', (_type, state, after, event) => {
  for (const kind of incidentKinds) {
    const incident = state === 'none' ? undefined : anIncident({ kind, state, announced: ['open'] });
    const moved = advance(kind, 'production', incident, event);
    expect(moved === 'unchanged' ? '-' : moved.state).toBe(after);
  }
});

/** A detector that looks, and people who are told at once whatever they are owed. */
function follow(kind: IncidentKind, findings: readonly (readonly [at: number, facts?: IncidentFacts])[]): readonly string[] {
  const notifications: string[] = [];
  let record: IncidentRecord | undefined;
  for (const [when, facts] of findings) {
    const after = advance(kind, 'production', record, finding(when, facts));
    if (after !== 'unchanged') record = { ...after, revision: 0 };
    const owed = record === undefined ? undefined : unannounced(record);
    if (record === undefined || owed === undefined) continue;
    notifications.push(
      `${owed}${record.reminder === undefined ? '' : ` (reminder ${record.reminder})`} ${record.facts.cause === undefined ? '' : alarmText(record.facts.cause)}`.trim(),
    );
    record = { ...record, ...acknowledgedFacts(record), announced: [...record.announced, owed], toldAt: when };
  }
  return notifications;
}

test.each(['straggler', 'rotation-failed', 'rotation-overdue'] as const)(
  'a %s is told again once a day, with what was seen last',
  (kind) => {
    const looks = Array.from({ length: 49 }, (_, hour) => [hour * hourMs, { cause: said(`seen at ${hour} h`) }] as const);
    expect(follow(kind, looks)).toEqual(['open seen at 0 h', 'open-2 (reminder 1) seen at 24 h', 'open-3 (reminder 2) seen at 48 h']);
  },
);

test('a dead key is told again after each of three hours, and then once a day', () => {
  const looks = Array.from({ length: 100 }, (_, hour) => [hour * hourMs, { cause: said(`${hour} h`) }] as const);
  expect(follow('current-key-dead', looks).map((telling) => telling.split(') ')[1] ?? telling)).toEqual([
    'open 0 h',
    '1 h',
    '2 h',
    '3 h',
    '27 h',
    '51 h',
    '75 h',
    '99 h',
  ]);
});

test('other kinds are told once, however long they last', () => {
  const reminded: readonly IncidentKind[] = ['straggler', 'rotation-failed', 'rotation-overdue', 'current-key-dead', 'delivery-failed'];
  for (const kind of incidentKinds.filter((known) => !reminded.includes(known))) {
    expect(follow(kind, [[0], [dayMs], [400 * dayMs]])).toEqual(['open']);
  }
});

test('time alone reminds nobody: only a finding does', () => {
  expect(follow('straggler', [[0], [9 * dayMs]])).toEqual(['open', 'open-2 (reminder 1)']);
});

test('a worse grade is told at once; one that gets better and worse again, once a day', () => {
  const pool = (when: number, grade: string) => [when, { grade, cause: said(grade) }] as const;
  expect(follow('pool-low', [pool(0, 'low'), pool(1, 'low'), pool(2, 'empty'), pool(3, 'empty')])).toEqual(['open low', 'open-2 empty']);
  expect(follow('pool-low', [pool(0, 'empty'), pool(1, 'low'), pool(2, 'low')])).toEqual(['open empty']);
  expect(follow('pool-low', [pool(0, 'empty'), pool(1, 'low'), pool(2, 'empty')])).toEqual(['open empty']);
  expect(follow('pool-low', [pool(0, 'empty'), pool(1, 'low'), pool(dayMs, 'empty')])).toEqual(['open empty', 'open-2 empty']);
  // Consumers who fail for another reason need another cure.
  expect(follow('current-key-dead', [pool(0, 'dead'), pool(1, 'secret-deleted'), pool(2, 'secret-deleted'), pool(3, 'dead')])).toEqual([
    'open dead',
    'open-2 secret-deleted',
  ]);
});

test('a failure that becomes one of another kind is told again, and a reminder of it is none', () => {
  const failed = (when: number, grade?: string) =>
    [when, { cause: said(grade ?? 'failed'), ...(grade === undefined ? {} : { grade }) }] as const;
  expect(follow('rotation-failed', [failed(0, 'undo-in-vain'), failed(1), failed(2), failed(3, 'emergency-stopped')])).toEqual([
    'open undo-in-vain',
    'open-2 failed',
    'open-3 emergency-stopped',
  ]);
  expect(follow('rotation-failed', [failed(0), failed(1, 'undo-in-vain')])).toEqual(['open failed']);
  expect(follow('rotation-failed', [failed(0, 'emergency-stopped'), failed(1), failed(2)])).toEqual([
    'open emergency-stopped',
    'open-2 failed',
  ]);
});

test('every grade is worse than the one before it, in the same instant too', () => {
  const grades = incidentGrades['pool-low'].map((grade) => [5, { grade }] as const);
  expect(follow('pool-low', grades)).toHaveLength(grades.length);
  expect(follow('pool-low', [...grades].reverse())).toEqual(['open']);
  expect(follow('pool-low', [[0], [1, { grade: 'unheard-of' }]])).toEqual(['open']);
});

describe('of what somebody else changed', () => {
  const reasons = {
    a: { grade: 'old-key-woken', apiKeyId: 'apikey_a', cause: said('a is active') },
    b: { grade: 'old-key-woken', apiKeyId: 'apikey_b', cause: said('b is active') },
    s: { grade: 'standby-key-woken', apiKeyId: 'apikey_s', cause: said('s is active') },
    w: { grade: 'secret-written', apiKeyId: 'apikey_w', cause: said('somebody wrote') },
  } as const;
  /** What a look finds: the worst first, as the detector of changes has it. */
  const changed = (when: number, names: string) => {
    const changes = names.split('').map((name) => reasons[name as keyof typeof reasons]);
    const [worst] = [...changes].sort((one, other) => grades.indexOf(other.grade) - grades.indexOf(one.grade));
    const cause = { code: 'changes', changes: changes.map((change) => change.cause) } as const;
    return [when, changes.length === 1 ? { ...worst } : { ...worst, cause, changes }] as const;
  };
  const grades: readonly string[] = incidentGrades['key-changed'];

  test('each is told once, of equal and of lesser grade too, and the news first', () => {
    expect(follow('key-changed', [changed(0, 'a'), changed(1, 'ab'), changed(2, 'ab'), changed(3, 'ba')])).toEqual([
      'open a is active',
      'open-2 b is active; and still: a is active',
    ]);
    expect(follow('key-changed', [changed(0, 'w'), changed(1, 'asw'), changed(2, 'wsa'), changed(9, 'w')])).toEqual([
      'open somebody wrote',
      'open-2 a is active; s is active; and still: somebody wrote',
    ]);
  });

  test('one that comes and goes is told once, however long others last', () => {
    const looks = Array.from({ length: 60 }, (_, minute) => changed(minute, ['w', 'wa', 'as'][minute % 3] ?? ''));
    expect(follow('key-changed', looks)).toEqual([
      'open somebody wrote',
      'open-2 a is active; and still: somebody wrote',
      'open-3 s is active; and still: a is active',
    ]);
  });

  test('the title is that of the worst which is news', () => {
    const untold = advance('key-changed', 'production', undefined, finding(at, changed(0, 'ws')[1]));
    if (untold === 'unchanged') throw new Error('nothing happened');
    expect(untold.facts.grade).toBe('secret-written');
    const told = { ...untold, ...acknowledgedFacts({ ...untold, revision: 0 }), revision: 0, announced: ['open'] as const };
    expect(advance('key-changed', 'production', told, finding(at + 1, changed(1, 'wsab')[1]))).toMatchObject({
      turn: 2,
      facts: { grade: 'old-key-woken', apiKeyId: 'apikey_a' },
    });
  });

  test('what comes before anybody was told is told with the rest, the worst first', () => {
    const untold = anIncident({ kind: 'key-changed', facts: reasons.a });
    const after = advance('key-changed', 'production', untold, finding(at, changed(0, 'aw')[1]));
    expect(after).toMatchObject({
      facts: { grade: 'secret-written', cause: { code: 'changes', changes: [said('a is active'), said('somebody wrote')] } },
    });
    expect(after).not.toHaveProperty('turn');
  });

  test('an incident that was stored before changes were counted is known by what it says', () => {
    const stored = anIncident({ kind: 'key-changed', facts: reasons.a, announced: ['open'] });
    expect(advance('key-changed', 'production', stored, finding(at, reasons.a))).not.toHaveProperty('turn');
    expect(advance('key-changed', 'production', stored, finding(at, changed(0, 'ab')[1]))).toMatchObject({ turn: 2 });
  });
});

test('what became worse before anybody was told is told once, as it is now', () => {
  const open = { kind: 'pool-low', facts: { grade: 'low' }, announced: [] } as const;
  const untold = advance('pool-low', 'production', anIncident(open), finding(at, { grade: 'empty' }));
  expect(untold).toMatchObject({ facts: { grade: 'empty' } });
  expect(untold).not.toHaveProperty('turn');
});

test('what becomes worse while somebody is telling it is told once more', () => {
  const telling = anIncident({ kind: 'pool-low', facts: { grade: 'low' }, announcing: { state: 'open', at } });
  expect(advance('pool-low', 'production', telling, finding(at, { grade: 'empty' }))).toMatchObject({ turn: 2 });
});

test('a reminder that nobody could send yet is not counted twice', () => {
  const owed = anIncident({ kind: 'straggler', announced: ['open'], toldAt: at - 9 * dayMs, turn: 2, reminder: 1 });
  expect(advance('straggler', 'production', owed, finding(at))).toMatchObject({ turn: 2, reminder: 1 });
});

test('an incident that was stored before there were reminders is reminded of, counted from its opening', () => {
  const old = anIncident({ kind: 'rotation-failed', announced: ['open'], openedAt: at - dayMs });
  expect(notificationOf(old)).toBe('open');
  expect(unannounced(old)).toBeUndefined();
  expect(advance('rotation-failed', 'production', old, finding(at - 1))).not.toHaveProperty('turn');
  expect(advance('rotation-failed', 'production', old, finding(at))).toMatchObject({ turn: 2, reminder: 1 });
});

test('an older finding that comes late changes nothing', () => {
  const open = anIncident({ kind: 'pool-low', facts: { grade: 'low' }, announced: ['open'] });
  expect(advance('pool-low', 'production', open, finding(open.lastFindingAt - 1, { grade: 'empty' }))).toBe('unchanged');
});

test('what containment decided about stays as it was found; other facts are the latest', () => {
  const facts = { apiKeyId: 'apikey_01FAKEold', cause: said('seen last') };
  for (const kind of incidentKinds) {
    const open = anIncident({ kind, announced: ['open'], toldAt: at - minuteMs });
    const stays = containableKinds.some((containable) => containable === kind);
    expect(advance(kind, 'production', open, finding(at, facts))).toMatchObject({ facts: stays ? open.facts : facts });
  }
});

const anEvent = fc.oneof(
  fc
    .tuple(fc.nat(40), fc.constantFrom(...incidentGrades['pool-low'], ...incidentGrades['key-changed'], undefined))
    .map(([hours, grade]) => finding(hours * hourMs, grade === undefined ? {} : { grade })),
  fc.tuple(fc.nat(40), fc.constantFrom('apikey_one', 'apikey_two')).map(([hours, apiKeyId]) => finding(hours * hourMs, { apiKeyId })),
  fc.nat(40).map((hours): IncidentEvent => ({ type: 'contained', target: 'apikey_one', at: hours * hourMs })),
  fc.constantFrom(...Object.values(happens)),
);
/** What people hear of a history: each event, and whether people are told after it. */
function hearing(kind: IncidentKind, steps: readonly (readonly [IncidentEvent, boolean])[]): { heard: Notification[]; reminders: number } {
  let record: IncidentRecord | undefined;
  const heard: Notification[] = [];
  let reminders = 0;
  for (const [event, tells] of steps) {
    const after = advance(kind, 'production', record, event);
    if (after !== 'unchanged') record = { ...after, revision: 0 };
    const owed = record === undefined ? undefined : unannounced(record);
    if (record === undefined || owed === undefined || !tells) continue;
    if (owed.startsWith('open') && record.reminder !== undefined) reminders += 1;
    heard.push(owed);
    record = { ...record, ...acknowledgedFacts(record), announced: [...record.announced, owed], toldAt: record.lastFindingAt };
  }
  return { heard, reminders };
}

test('no history tells anything twice, or anything after it was over, in whichever order its findings come', () => {
  fc.assert(
    fc.property(fc.constantFrom(...incidentKinds), fc.array(fc.tuple(anEvent, fc.boolean()), { maxLength: 60 }), (kind, steps) => {
      const { heard } = hearing(kind, steps);
      expect(new Set(heard).size).toBe(heard.length);
      expect(['recovered', undefined]).toContain(heard.includes('recovered') ? heard.at(-1) : undefined);
    }),
  );
});

test('no history reminds people more often than the pace of its kind', () => {
  const aStep = fc.tuple(fc.nat(3), anEvent, fc.boolean());
  fc.assert(
    fc.property(fc.constantFrom(...incidentKinds), fc.array(aStep, { maxLength: 60 }), (kind, drawn) => {
      let now = at;
      const steps = drawn.map(([hours, event, tells]): readonly [IncidentEvent, boolean] => {
        now += hours * hourMs;
        return ['at' in event ? { ...event, at: now, ...('since' in event ? { since: now } : {}) } : event, tells];
      });
      const paceMs = kind === 'current-key-dead' ? hourMs : dayMs;
      expect(hearing(kind, steps).reminders).toBeLessThanOrEqual(Math.floor((now - at) / paceMs));
    }),
  );
});

test('whichever grades alternate for a day, each is told once, and then there are reminders', () => {
  for (const [kind, grades] of Object.entries(incidentGrades)) {
    const known = incidentKinds.find((each) => each === kind) ?? 'straggler';
    const day = fc.array(fc.constantFrom<string>(...grades), { minLength: 24 * 60, maxLength: 24 * 60 });
    fc.assert(
      fc.property(day, (seen) => {
        const told = follow(
          known,
          seen.map((grade, minute) => [at + minute * minuteMs, { grade, apiKeyId: 'apikey_one', cause: said(grade) }]),
        );
        const news = told.filter((each) => !each.includes('reminder'));
        expect(new Set(news.map((each) => each.split(' ')[1])).size).toBe(news.length);
        expect(told.length).toBeLessThanOrEqual(grades.length + 4);
      }),
      { numRuns: 5 },
    );
  }
});

test.each<[IncidentKind, readonly string[], readonly string[]]>([
  ['current-key-dead', ['replacing', 'dead', 'replacing', 'dead', 'cut-off'], ['replacing', 'dead', 'cut-off']],
  ['pool-low', ['low', 'empty', 'low', 'empty'], ['low', 'empty']],
  ['pool-low', ['empty', 'low', 'empty'], ['empty']],
  [
    'rotation-failed',
    ['undo-in-vain', 'failed', 'emergency-stopped', 'failed', 'undo-in-vain'],
    ['undo-in-vain', 'failed', 'emergency-stopped'],
  ],
  ['straggler', ['used', 'cut', 'used', 'cut'], ['used', 'cut']],
])('of %s, seen as %j, people hear %j', (kind, seen, heard) => {
  const told = follow(
    kind,
    seen.map((grade, minute) => [at + minute * minuteMs, { grade, cause: said(grade) }]),
  );
  expect(told.map((each) => each.split(' ')[1])).toEqual(heard);
});
