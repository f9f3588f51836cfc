import { functionsOf } from './heartbeat.ts';
import { isScheduled, type FunctionName } from './registry.ts';

/** What CloudWatch says of a function: that it fails, that it could not handle an event, or that its schedule does not call it. */
export type AlarmKind = 'errors' | 'dead-letters' | 'silent';

export function alarmName(installation: string, name: FunctionName, kind: AlarmKind): string {
  return `${installation}-${name}-${kind}`;
}

/** Every alarm of an installation, by name. */
export function alarmNamesOf(installation: string, functions: Parameters<typeof functionsOf>[0]): readonly string[] {
  return functionsOf(functions).flatMap((name) => {
    const kinds: readonly AlarmKind[] = isScheduled(name) ? ['errors', 'dead-letters', 'silent'] : ['errors', 'dead-letters'];
    return kinds.map((kind) => alarmName(installation, name, kind));
  });
}
