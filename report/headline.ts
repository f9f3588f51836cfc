import type { DemoReport } from './demo-data.ts';
import { counted, lasting } from './instants.ts';

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

/** What happened, with the numbers: requests, failures, minutes from theft to message and to cut-off. */
export function headlineOf(data: DemoReport): string {
  const requests = data.consumers.reduce((sum, consumer) => sum + consumer.requests, 0);
  const keys = counted(data.keys.length, 'managed key');
  return [
    `${counted(requests, 'request')} with ${keys} in ${lasting(data.to - data.from)}: ${failed(data)}.`,
    ...theftsOf(data).map(told),
  ].join(' ');
}

function failed(data: DemoReport): string {
  const failures = data.consumers.flatMap((consumer) => consumer.failures).filter(({ count }) => count > 0);
  if (failures.length === 0) return 'not one failed';
  const causes = new Map<string, number>();
  for (const { cause, count } of failures) causes.set(cause, (causes.get(cause) ?? 0) + count);
  const total = failures.reduce((sum, { count }) => sum + count, 0);
  return `${counted(total, 'failure')} (${[...causes].map(([cause, count]) => `${count} ${cause}`).join(', ')})`;
}

function told(theft: Theft): string {
  const message = theft.toldAt === undefined ? 'nobody was told' : `people were told after ${lasting(theft.toldAt - theft.from)}`;
  const end = theft.cutAt === undefined ? 'the key was not cut off' : `the key was cut off after ${lasting(theft.cutAt - theft.from)}`;
  return `A key of ${theft.subject} was stolen: ${message}, ${end}.`;
}

function minimum(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values);
}
