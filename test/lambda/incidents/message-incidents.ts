import { containableKinds, incidentGrades, incidentKinds, type IncidentKind } from '../../../contract/registry.ts';
import { allKeys, usageReport } from '../../../contract/metrics.ts';
import { incidentStates, type IncidentRecord, type IncidentState } from '../../../contract/records.ts';
import { said } from '../../support/causes.ts';

/** 2026-06-10 14:21 UTC, eighteen minutes after the first sign. */
export const at = Date.UTC(2026, 5, 10, 14, 21);

/** Markup, mentions, control characters and a right-to-left override, as an attacker would put into a name. */
export const hostile = 'a<script>alert(1)</script>&"\' <!channel> *b* `c`\r\nSubject: x\u0000\u001b[31m\u202e\u2028 ünï 漢字';

export function anIncident(change: Partial<IncidentRecord> = {}): IncidentRecord {
  return {
    schema: 1,
    incidentId: 'inc_2026-06-10T14:14:00Z_production',
    kind: 'usage-anomaly',
    subject: 'production',
    state: 'open',
    revision: 1,
    openedAt: at - 7 * 60_000,
    since: at - 18 * 60_000,
    lastFindingAt: at - 60_000,
    facts: {
      apiKeyId: 'apikey_01FAKEold',
      model: 'claude-fable-5',
      workspaceId: 'wrkspc_fake',
      metric: 'outputTokens',
      observed: 48_300,
      expected: 2_100,
      startedAt: at - 18 * 60_000,
      score: 0.98,
    },
    announced: [],
    ...change,
  };
}

/** One incident for each kind, state and grade that there can be. */
export function everyIncident(): readonly IncidentRecord[] {
  return incidentKinds.flatMap((kind) => statesOf(kind).flatMap((state) => gradesOf(kind).map((grade) => told(kind, state, grade))));
}

/** What no run of ours stores: a kind that is never contained, in a state of containment. */
export function everyImpossibleIncident(): readonly IncidentRecord[] {
  return incidentKinds.flatMap((kind) =>
    incidentStates.filter((state) => !statesOf(kind).includes(state)).map((state) => told(kind, state, gradesOf(kind)[0])),
  );
}

const reasons: Readonly<Record<IncidentKind, string | undefined>> = {
  'usage-anomaly': undefined,
  'retired-key-used': undefined,
  'usage-notable': 'nothing of that kind for a week',
  'usage-unfamiliar': 'a day has passed, and what was new is usual from now on',
  straggler: 'the old key is still used past the maximum',
  'rotation-failed': 'the pool is empty',
  'rotation-overdue': 'its maximum age of 97 days is over',
  'current-key-dead': 'it is inactive at Anthropic',
  'key-changed': 'what the ledger says is not what Anthropic says',
  'key-expiring': 'it expires 2026-07-01 00:00 UTC, the next rotation is 2026-07-08 00:00 UTC',
  'pool-low': '1 key: enough until 2026-06-22 00:00 UTC (12 days)',
  'usage-blind': 'the usage report shows no tokens of anybody since 2026-06-10 12:00 UTC',
  'delivery-failed': '2 alerts since 2026-06-10 14:03 UTC: Slack answered 404 no_service',
  'replica-behind': 'eu-west-1 Failed: access to the KMS key was denied',
  'metrics-differ': '12 minutes of the last day',
  'detection-failing': 'unavailable: dynamodb:Query did not succeed: 503',
};

const newModel = {
  categories: [{ dimension: 'model', value: 'claude-opus-9' }],
  knownSince: at - 34 * 86_400_000,
} as const;

const somewhatMore = {
  startedAt: at - 18 * 60_000,
  notable: [
    {
      subject: 'production',
      at: at - 40 * 60_000,
      metric: 'outputTokens',
      observed: 900,
      expected: 300,
      windowMs: 3_600_000,
      startedAt: at - 50 * 60_000,
    },
  ],
};

function told(kind: IncidentKind, state: IncidentState, grade: string | undefined): IncidentRecord {
  const reason = reasons[kind];
  const facts = { apiKeyId: 'apikey_01FAKEold', workspaceId: 'wrkspc_fake', startedAt: at - 18 * 60_000 };
  return anIncident({
    kind,
    ...(kind === 'usage-blind' ? { subject: usageReport } : {}),
    state,
    ...(state === 'containing' || state === 'contained' ? { target: 'apikey_01FAKEold' } : {}),
    ...(reason === undefined ? {} : { facts: { ...facts, cause: said(reason), ...(grade === undefined ? {} : { grade }) } }),
    ...(kind === 'usage-unfamiliar'
      ? { facts: { ...facts, ...newModel, ...(state === 'recovered' ? { cause: said(reason ?? '') } : {}) } }
      : {}),
    ...(kind === 'usage-notable'
      ? { subject: allKeys, facts: { ...somewhatMore, ...(state === 'recovered' ? { cause: said(reason ?? '') } : {}) } }
      : {}),
    ...(kind === 'retired-key-used' && grade !== undefined ? { facts: { ...anIncident().facts, grade } } : {}),
  });
}

function statesOf(kind: IncidentKind): readonly IncidentState[] {
  const contained: readonly IncidentKind[] = containableKinds;
  return contained.includes(kind) ? incidentStates : ['open', 'recovered'];
}

function gradesOf(kind: IncidentKind): readonly (string | undefined)[] {
  const grades: Partial<Record<IncidentKind, readonly string[]>> = incidentGrades;
  return grades[kind] ?? [undefined];
}
