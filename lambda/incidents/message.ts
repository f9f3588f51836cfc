import { alertSchemaName, type Alert } from '../../contract/alert.ts';
import type { IncidentKind, Supply } from '../../contract/registry.ts';
import { allKeys, usageReport } from '../../contract/metrics.ts';
import type { IncidentRecord, IncidentState } from '../../contract/records.ts';
import { utcMinute } from '../foundation/clock.ts';
import { brakeText } from './message/cause-text.ts';
import { currentKeyDead } from './message/current-key-dead.ts';
import { detectionFailing } from './message/detection-failing.ts';
import { deliveryFailed } from './message/delivery-failed.ts';
import { keyChanged } from './message/key-changed.ts';
import { keyExpiring } from './message/key-expiring.ts';
import { amount, clause, measureName, plain, quantity, sinceWhen, times, tokensInMinute } from './message/phrases.ts';
import { metricsDiffer } from './message/metrics-differ.ts';
import { poolLow } from './message/pool-low.ts';
import { removed } from './message/removed.ts';
import { replicaBehind } from './message/replica-behind.ts';
import { retiredKeyUsed } from './message/retired-key-used.ts';
import { rotationFailed } from './message/rotation-failed.ts';
import { rotationOverdue } from './message/rotation-overdue.ts';
import { reasonOf, storyOf, type Tell, type Wording, type Words } from './message/story.ts';
import { straggler } from './message/straggler.ts';
import { usageAnomaly } from './message/usage-anomaly.ts';
import { usageBlind } from './message/usage-blind.ts';
import { usageNotable } from './message/usage-notable.ts';
import { usageUnfamiliar } from './message/usage-unfamiliar.ts';
import { severityOf } from './severity.ts';

const wording: { readonly [K in IncidentKind]: Wording<K> } = {
  'usage-anomaly': usageAnomaly,
  'retired-key-used': retiredKeyUsed,
  'usage-notable': usageNotable,
  'usage-unfamiliar': usageUnfamiliar,
  straggler,
  'rotation-failed': rotationFailed,
  'rotation-overdue': rotationOverdue,
  'current-key-dead': currentKeyDead,
  'key-changed': keyChanged,
  'key-expiring': keyExpiring,
  'pool-low': poolLow,
  'replica-behind': replicaBehind,
  'usage-blind': usageBlind,
  'metrics-differ': metricsDiffer,
  'detection-failing': detectionFailing,
  'delivery-failed': deliveryFailed,
};

export interface AlertContext {
  /** Which installation speaks. */
  readonly installation: string;
  readonly dashboardUrl?: string;
  /** When the message is written (epoch ms, UTC). */
  readonly at: number;
  /** Where the next keys of its managed key come from. @default standby keys */
  readonly supply?: Supply;
}

/** What people are told of an incident in its present state. Text from outside is cleaned to one line and redacted. */
export function alertOf(incident: IncidentRecord, context: AlertContext): Alert {
  const words = reminding(incident, tellOf(incident)(storyOf(incident, context.at, context.supply ?? 'standby keys')), context.at);
  return {
    schema: alertSchemaName,
    installation: plain(context.installation, 80),
    incidentId: plain(incident.incidentId, 120),
    kind: incident.kind,
    state: incident.state,
    ...turnOf(incident),
    severity: severityOf(incident.kind, incident.state),
    subject: plain(incident.subject, 80),
    title: words.title,
    summary: words.summary.join(' '),
    actions: words.actions,
    facts: factsOf(incident, context.at),
    openedAt: new Date(incident.openedAt).toISOString(),
    at: new Date(context.at).toISOString(),
    links: context.dashboardUrl === undefined ? [] : [{ label: 'Dashboard', url: context.dashboardUrl }],
  };
}

/** A kind that is never contained has no words for those states; should a record say so all the same, its cause still is there. */
function tellOf({ kind, state, removed: isRemoved }: IncidentRecord): Tell {
  if (state === 'recovered' && isRemoved === true) return removed;
  const tells: Partial<Record<IncidentState, Tell>> & Record<'open', Tell> = wording[kind];
  return tells[state] ?? tells.open;
}

/** What is over is told once. */
function turnOf({ state, turn = 1, reminder }: IncidentRecord): Pick<Alert, 'turn' | 'reminder'> {
  if ((state !== 'open' && state !== 'contained') || turn < 2) return {};
  return { turn, ...(reminder === undefined ? {} : { reminder }) };
}

function reminding(incident: IncidentRecord, words: Words, at: number): Words {
  const { reminder } = turnOf(incident);
  if (reminder === undefined) return words;
  const said = `This is reminder ${reminder}: the incident is open since ${sinceWhen(incident.openedAt, at)}, and its cause was seen again.`;
  return { ...words, title: `Reminder: ${words.title}`, summary: [...words.summary, said] };
}

/** At most ten, which is what a Slack section holds. */
function factsOf(incident: IncidentRecord, at: number): Alert['facts'] {
  const { facts } = incident;
  const { metric, observed, expected } = facts;
  const measured = metric !== undefined && observed !== undefined;
  const seen =
    observed === undefined ? undefined : metric === undefined ? tokensInMinute(observed) : quantity(metric, observed, facts.windowMs);
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Managed key', incident.subject === usageReport || incident.subject === allKeys ? undefined : incident.subject],
    ['API key', incident.target ?? facts.apiKeyId],
    ['Observed', seen],
    [
      'Usual then',
      metric !== undefined && expected !== undefined ? `${amount(metric, expected)} ${measureName(metric)} a minute` : undefined,
    ],
    ['Ratio', measured && expected !== undefined ? times(observed, expected) : undefined],
    ['Model', facts.model],
    ['Workspace', facts.workspaceId],
    ['Since', sinceWhen(facts.startedAt ?? incident.since, at)],
    ['Valid until', incident.state === 'recovered' || facts.validUntil === undefined ? undefined : utcMinute(facts.validUntil)],
    [incident.brake === undefined ? 'Reason' : 'Held back', incident.brake === undefined ? reasonOf(facts) : brakeText(incident.brake)],
    ['Run-book', `\`npx --no-install keyguard runbook ${incident.kind}\``],
  ];
  return rows.map(([label, value]) => ({ label, value: clause(value ?? '') })).filter(({ value }) => value !== '');
}
