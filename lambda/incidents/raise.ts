import type { AlarmCause } from '../../contract/causes.ts';
import type { IncidentKind } from '../../contract/registry.ts';
import type { IncidentFacts, IncidentRecord } from '../../contract/records.ts';
import { counted } from '../foundation/counted.ts';
import { briefly, KeyguardError, LostRace } from '../foundation/errors.ts';
import { announce } from './announce.ts';
import { advance, type IncidentEvent } from './states.ts';
import type { IncidentPorts } from './ports.ts';

/** Records a finding under its cause and tells people if they should hear of it. Safe to repeat. */
export async function raise(kind: IncidentKind, subject: string, facts: IncidentFacts, ports: IncidentPorts): Promise<void> {
  await happen(kind, subject, findingOf(kind, subject, facts, ports.clock.now()), ports);
}

/** Records a finding; whoever calls sees to the announcement, when it is known what will be done about it. */
export async function record(kind: IncidentKind, subject: string, facts: IncidentFacts, ports: IncidentPorts): Promise<void> {
  const event = findingOf(kind, subject, facts, ports.clock.now());
  await store(kind, subject, await ports.incidents.find(kind, subject), event, ports);
}

/** The cause is gone: the incident, if there is one, recovers and people are told. */
export async function clear(
  kind: IncidentKind,
  subject: string,
  ports: IncidentPorts,
  cause: AlarmCause = { code: 'over', kind },
): Promise<void> {
  await happen(kind, subject, { type: 'quiet', at: ports.clock.now(), cause }, ports);
}

/** The same where the open incidents were read already: a cause that has none costs nothing. */
export async function clearAmong(
  open: readonly IncidentRecord[],
  kind: IncidentKind,
  subject: string,
  ports: IncidentPorts,
  cause: AlarmCause = { code: 'over', kind },
): Promise<void> {
  const known = incidentOf(open, kind, subject);
  if (known !== undefined) await tell(kind, subject, known, { type: 'quiet', at: ports.clock.now(), cause }, ports);
}

/** Something that is so at this moment. */
export interface Finding {
  readonly kind: IncidentKind;
  readonly subject: string;
  readonly facts: IncidentFacts;
}

/**
 * Makes the incidents of `kinds` what was found: raises each finding, and lets each open incident recover that is not among
 * them, as `cleared` says (undefined: it stays, because nobody could look). One read however many subjects
 * are in order. A failure does not hold up the others: throws one KeyguardError `incidents-incomplete` at the end.
 */
export async function reconcile(
  kinds: readonly IncidentKind[],
  found: readonly Finding[],
  cleared: (kind: IncidentKind, subject: string, incident: IncidentRecord) => AlarmCause | undefined,
  ports: IncidentPorts,
): Promise<void> {
  const open = await ports.incidents.all();
  const others = open.filter(
    ({ kind, subject }) => kinds.includes(kind) && !found.some((finding) => finding.kind === kind && finding.subject === subject),
  );
  await tellAll(
    [
      ...found.map(({ kind, subject, facts }) => ({ kind, subject, event: findingOf(kind, subject, facts, ports.clock.now()) })),
      ...others.flatMap((incident) => {
        const { kind, subject } = incident;
        const cause = cleared(kind, subject, incident);
        return cause === undefined ? [] : [{ kind, subject, event: { type: 'quiet', at: ports.clock.now(), cause } as const }];
      }),
    ],
    open,
    ports,
  );
}

/**
 * Ends the incidents for which `isRemoved`: nobody looks at their managed key any more. Fails as `reconcile` does.
 */
export async function closeRemoved(isRemoved: (incident: IncidentRecord) => boolean, ports: IncidentPorts): Promise<void> {
  const open = await ports.incidents.all();
  const cause = { code: 'taken-out-of-configuration' } as const;
  const event = { type: 'quiet', at: ports.clock.now(), cause, removed: true } as const;
  await tellAll(
    open.filter(isRemoved).map(({ kind, subject }) => ({ kind, subject, event })),
    open,
    ports,
  );
}

async function tellAll(
  events: readonly { readonly kind: IncidentKind; readonly subject: string; readonly event: IncidentEvent }[],
  open: readonly IncidentRecord[],
  ports: IncidentPorts,
): Promise<void> {
  let failed = 0;
  for (const { kind, subject, event } of events) {
    try {
      await tell(kind, subject, incidentOf(open, kind, subject), event, ports);
    } catch (error) {
      failed += 1;
      ports.log.warn('incidents.failed', { kind, subject, error: briefly(error) });
    }
  }
  if (failed > 0)
    throw new KeyguardError('incidents-incomplete', `${counted(failed, 'incident')} not brought up to date`, 'see the function log');
}

/** Applies one event to a cause's incident and tells people what they should hear of it. */
export async function happen(kind: IncidentKind, subject: string, event: IncidentEvent, ports: IncidentPorts): Promise<void> {
  await tell(kind, subject, await ports.incidents.find(kind, subject), event, ports);
}

function findingOf(kind: IncidentKind, subject: string, facts: IncidentFacts, at: number): IncidentEvent {
  // The id is the cause and the instant: two runs that find the same thing at once agree, or one of them loses the race.
  const incidentId = `${kind}-${subject}-${new Date(at).toISOString().replace(/[-:.]/g, '')}`;
  return { type: 'finding', at, since: facts.startedAt ?? at, facts, incidentId };
}

function incidentOf(open: readonly IncidentRecord[], kind: IncidentKind, subject: string): IncidentRecord | undefined {
  return open.find((incident) => incident.kind === kind && incident.subject === subject);
}

type Known = IncidentRecord | undefined;

async function tell(kind: IncidentKind, subject: string, known: Known, event: IncidentEvent, ports: IncidentPorts): Promise<void> {
  const incident = await store(kind, subject, known, event, ports);
  if (incident !== undefined) await announce(incident, ports);
}

/** Applies one event to a cause's incident as it was read, and again on the new record when somebody else changed it meanwhile. */
async function store(kind: IncidentKind, subject: string, known: Known, event: IncidentEvent, ports: IncidentPorts): Promise<Known> {
  let before = known;
  for (;;) {
    const after = advance(kind, subject, before, before === undefined ? await withLastEnd(kind, subject, event, ports) : event);
    if (after === 'unchanged') return before;
    try {
      const stored = await ports.incidents.replace(before, after);
      if (before?.state !== stored.state) {
        ports.log.info('incidents.state-changed', { incidentId: stored.incidentId, kind, subject, state: stored.state });
      }
      return stored;
    } catch (error) {
      if (!(error instanceof LostRace)) throw error;
      before = await ports.incidents.find(kind, subject);
    }
  }
}

/** A finding that would begin an incident, with when the same cause was over last. */
async function withLastEnd(kind: IncidentKind, subject: string, event: IncidentEvent, ports: IncidentPorts): Promise<IncidentEvent> {
  if (event.type !== 'finding') return event;
  const recoveredAt = await ports.incidents.recoveredAt(kind, subject);
  return recoveredAt === undefined ? event : { ...event, recoveredAt };
}
