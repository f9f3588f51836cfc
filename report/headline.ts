import type { DemoReport } from './demo-data.ts';
import { counted } from '../lambda/foundation/counted.ts';
import { lasting } from './instants.ts';

/** One theft from its first minute to its end. */
export interface Theft {
  readonly subject: string;
  readonly from: number;
  /** When people were first told of it. */
  readonly toldAt: number | undefined;
  /** When the key was cut off. */
  readonly cutAt: number | undefined;
  readonly to: number;
}

/** Each theft with what followed for the same managed key, up to the next theft. */
export function theftsOf(data: DemoReport): readonly Theft[] {
  const starts = data.events.filter(({ kind }) => kind === 'theft').sort((a, b) => a.at - b.at);
  return starts.map(({ subject, at }) => {
    const until = starts.find((other) => other.subject === subject && other.at > at)?.at ?? Infinity;
    const during = (instant: number): boolean => instant >= at && instant < until;
    const first = (kind: string): number | undefined =>
      minimum(data.events.filter((event) => event.subject === subject && event.kind === kind && during(event.at)).map((event) => event.at));
    const messages = data.alerts
      .filter(({ alert, at: sentAt }) => alert.subject === subject && during(sentAt))
      .map(({ at: sentAt }) => sentAt);
    const cutAt = first('containment');
    return { subject, from: at, toldAt: minimum(messages) ?? first('alert'), cutAt, to: cutAt ?? first('recovery') ?? data.to };
  });
}

/** What happened in one sentence, with the numbers: from theft to message and to cut-off, requests, failures. */
export function headlineOf(data: DemoReport): string {
  const thefts = theftsOf(data);
  const requests = data.consumers.reduce((sum, consumer) => sum + consumer.requests, 0);
  const outcome = `of ${counted(requests, 'request')} ${failed(data)}`;
  const [only] = thefts;
  if (only === undefined) return `Nothing was stolen; ${outcome}.`;
  const whose = thefts.length === 1 ? `A key of ${only.subject} was` : `${thefts.length} keys were`;
  const told = reached('noticed', thefts, (theft) => theft.toldAt);
  const cut = reached('cut off', thefts, (theft) => theft.cutAt);
  return `${whose} stolen: ${told} and ${cut}; ${outcome}.`;
}

/** `noticed after 8 minutes`, `2 of 3 cut off after 9 to 11 minutes`, `never cut off`. */
function reached(what: string, thefts: readonly Theft[], when: (theft: Theft) => number | undefined): string {
  const lengths = thefts.flatMap((theft) => {
    const at = when(theft);
    return at === undefined ? [] : [at - theft.from];
  });
  if (lengths.length === 0) return `never ${what}`;
  const share = lengths.length === thefts.length ? '' : `${lengths.length} of ${thefts.length} `;
  const [shortest, longest] = [lasting(Math.min(...lengths)), lasting(Math.max(...lengths))];
  return `${share}${what} after ${shortest === longest ? shortest : `${shortest} to ${longest}`}`;
}

function failed(data: DemoReport): string {
  const failures = data.consumers.flatMap((consumer) => consumer.failures).filter(({ count }) => count > 0);
  if (failures.length === 0) return 'not one failed';
  const causes = new Map<string, number>();
  for (const { cause, count } of failures) causes.set(cause, (causes.get(cause) ?? 0) + count);
  const total = failures.reduce((sum, { count }) => sum + count, 0);
  return `${total} failed (${[...causes].map(([cause, count]) => `${count} ${cause}`).join(', ')})`;
}

function minimum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values);
}
