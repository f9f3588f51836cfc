import { incidentKinds } from '../../../contract/kinds.ts';
import { incidentStates, type IncidentRecord } from '../../../contract/records.ts';

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

/** One incident for each kind and state. */
export function everyIncident(): readonly IncidentRecord[] {
  return incidentKinds.flatMap((kind) =>
    incidentStates.map((state) =>
      anIncident({
        kind,
        state,
        ...(state === 'open' ? {} : { target: 'apikey_01FAKEold' }),
        ...(kind === 'rotation-failed'
          ? { facts: { reason: 'the pool is empty', workspaceId: 'wrkspc_fake', startedAt: at - 18 * 60_000 } }
          : {}),
      }),
    ),
  );
}
