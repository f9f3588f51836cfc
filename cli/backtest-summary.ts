import { iso } from '../lambda/foundation/clock.ts';
import { lasting } from '../report/instants.ts';
import { promiseOf, rateText, type Promised } from '../report/promise.ts';
import type { CliIo } from './command.ts';
import { counted, progress, summary } from './output.ts';

/** A key of a file, and how its rows were judged. */
export interface Judged {
  readonly file: string;
  readonly key?: string;
  /** In order of arrival. */
  readonly rows: readonly { readonly at: number; readonly score: number; readonly alert: boolean }[];
}

/** Says, for each key and for all, how many alarms were raised, and how many false ones the dial promises for the time of its rows. */
export function sayPromises(judged: readonly Judged[], falseAlarmsPerMonth: number, io: CliIo): void {
  const subjects = judged.map(({ rows, ...subject }) => ({ ...subject, ...promiseOf(rows, falseAlarmsPerMonth) }));
  const all = {
    rows: total(subjects, ({ rows }) => rows),
    alarms: total(subjects, ({ alarms }) => alarms),
    promised: total(subjects, ({ promised }) => promised),
  };
  if (io.json === true) {
    const spans = subjects.map(({ from, to, promised, ...subject }) => ({
      ...subject,
      from: from === undefined ? null : iso(from),
      to: to === undefined ? null : iso(to),
      promised: rounded(promised),
    }));
    summary({ falseAlarmsPerMonth, files: spans, all: { ...all, promised: rounded(all.promised) } }, io);
    return;
  }
  for (const subject of subjects)
    progress(`${nameOf(subject)}: ${counted(subject.rows, 'row')}${spanOf(subject)}: ${against(subject)}`, io);
  if (subjects.length !== 1) progress(`in all: ${counted(all.rows, 'row')} of ${counted(subjects.length, 'key')}: ${against(all)}`, io);
}

function nameOf({ file, key }: { readonly file: string; readonly key?: string }): string {
  return [file === '-' ? 'stdin' : file, ...(key === undefined ? [] : [key])].join(': ');
}

function spanOf({ from, to }: Promised): string {
  return from === undefined || to === undefined ? '' : ` in ${lasting(to - from)}`;
}

function against({ alarms, promised }: { readonly alarms: number; readonly promised: number }): string {
  return `${counted(alarms, 'alarm')} raised, ${rateText(promised)} false ${promised === 1 ? 'one' : 'ones'} promised`;
}

function total<Subject>(subjects: readonly Subject[], of: (subject: Subject) => number): number {
  return subjects.reduce((sum, subject) => sum + of(subject), 0);
}

function rounded(promised: number): number {
  return Number(promised.toFixed(3));
}
