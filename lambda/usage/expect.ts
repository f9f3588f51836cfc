import type { ExpectedUsageRecord, IncidentRecord } from '../../contract/records.ts';
import { floorTo, minuteMs, type Clock } from '../foundation/clock.ts';
import { KeyguardError } from '../foundation/errors.ts';
import type { Audit } from '../rotation/commands/ports.ts';
import {
  earliestExpectedMs,
  expectationAt,
  expectedOf,
  longestExpectedMs,
  type ExpectedUsageStore,
  type ExpectedUsageWriter,
} from './expected-usage.ts';

interface ExpectPorts {
  readonly expected: ExpectedUsageStore & ExpectedUsageWriter;
  readonly audit: Pick<Audit, 'note'>;
  readonly clock: Clock;
}

/** What an operator says; instants are epoch ms. `from` absent: from now on, or since the unusual usage began that people were told of. */
export interface Expectation {
  readonly subject: string;
  readonly from?: number | undefined;
  readonly until: number;
  readonly by: string;
  readonly because: string;
}

/**
 * The record that an operator's words come to, beside what is expected already: one that overlaps goes on under the new words. Throws
 * KeyguardError `expectation-refused` for a time that cannot be expected.
 */
export function planExpectation(
  { subject, from, until, by, because }: Expectation,
  records: readonly ExpectedUsageRecord[],
  incident: Pick<IncidentRecord, 'state' | 'since' | 'facts'> | undefined,
  now: number,
): ExpectedUsageRecord {
  const began = incident?.state === 'open' ? (incident.facts.startedAt ?? incident.since) : now;
  const wanted = from ?? Math.max(began, now - earliestExpectedMs);
  if (until <= wanted) throw refused('it would end before it begins', 'give an --until that is later');
  if (wanted < now - earliestExpectedMs)
    throw refused('what began more than 44 hours ago is folded into what is usual already', 'give a later --from, or leave it out');
  const overlapping = expectedOf(subject, records).filter((each) => each.from < until && wanted < each.until);
  const joint = Math.min(wanted, ...overlapping.map((each) => each.from));
  // Where both together last too long it stands beside the other one.
  const begins = floorTo(until - joint <= longestExpectedMs ? joint : wanted, minuteMs);
  const record = { schema: 1, subject, from: begins, until, by, because } as const;
  if (until - record.from > longestExpectedMs)
    throw refused('more than seven days are no exception', 'give an --until within seven days; what lasts is learnt as usual by itself');
  return record;
}

/** Stores what is planned. Killed in between and repeated, it is the same. */
export async function expectUsage(record: ExpectedUsageRecord, { expected, audit, clock }: ExpectPorts): Promise<void> {
  const { subject, from, until, by, because } = record;
  // Noted first: that somebody held detection off must not get lost.
  await audit.note({ managedKey: subject, at: clock.now(), by, cause: { code: 'usage-expected', from, until, reason: because } });
  await expected.expect(record);
}

/** What --end ends: all that is expected now, else the next that is to come. */
export function openOf(subject: string, records: readonly ExpectedUsageRecord[], now: number): readonly ExpectedUsageRecord[] {
  const open = [...expectedFrom(subject, records, now)].sort((a, b) => a.from - b.from);
  const running = open.filter(({ from }) => from <= now);
  return running.length > 0 ? running : open.slice(0, 1);
}

/** Ends what `openOf` names; what was used until now stays expected. Answers what it ended. */
export async function expectNoMore(
  subject: string,
  { by, because }: Pick<Expectation, 'by' | 'because'>,
  { expected, audit, clock }: ExpectPorts,
): Promise<readonly ExpectedUsageRecord[]> {
  const now = clock.now();
  const open = openOf(subject, await expected.all(), now);
  if (open.length === 0) return [];
  await audit.note({ managedKey: subject, at: now, by, cause: { code: 'usage-expected-no-more', reason: because } });
  for (const record of open) await expected.expect({ ...record, until: Math.max(record.from, floorTo(now, minuteMs)) });
  return open;
}

/** What a status shows: what is expected now, and what is to come. */
export function expectedFrom(subject: string, records: readonly ExpectedUsageRecord[], now: number): readonly ExpectedUsageRecord[] {
  return records.filter(
    (record) => record.subject === subject && record.until > now && expectationAt(expectedOf(subject, [record]), record.from) !== undefined,
  );
}

function refused(why: string, fix: string): KeyguardError {
  return new KeyguardError('expectation-refused', `this usage cannot be expected: ${why}`, fix);
}
