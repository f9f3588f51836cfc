import type { FunctionName } from './environment.ts';
import { functionsOf } from './heartbeat.ts';

/** What CloudWatch says of a function: that it fails, that it could not handle an event, or that its schedule does not call it. */
export type AlarmKind = 'errors' | 'dead-letters' | 'silent';

/** Secrets Manager and SNS call these, and only when there is something to do. */
const withoutSchedule: readonly FunctionName[] = ['rotation', 'notifier'];

export function alarmName(installation: string, name: FunctionName, kind: AlarmKind): string {
  return `${installation}-${name}-${kind}`;
}

/** Every alarm of an installation, by name. */
export function alarmNamesOf(installation: string, functions: Parameters<typeof functionsOf>[0]): readonly string[] {
  return functionsOf(functions).flatMap((name) => {
    const kinds: readonly AlarmKind[] = withoutSchedule.includes(name) ? ['errors', 'dead-letters'] : ['errors', 'dead-letters', 'silent'];
    return kinds.map((kind) => alarmName(installation, name, kind));
  });
}
