import { functionNames, functions, type FunctionDefinition, type FunctionName } from './registry.ts';

/** One smallest request an hour, so that the usage report shows that it moves. */
export interface HeartbeatDefinition {
  /** Its current key sends the requests. Nobody else uses it. */
  readonly managedKey: string;
  readonly model: string;
}

export const heartbeatEveryMs = functions.heartbeat.everyMs;

/** The cheapest that there is: platform.claude.com/docs/en/release-notes/overview, read 2026-11-30. */
export const heartbeatModel = 'claude-haiku-5-5';

/** The functions of an installation: a heartbeat only where keyguard.json asks for one. */
export function functionsOf(definitions: { readonly heartbeat?: HeartbeatDefinition | undefined }): readonly FunctionName[] {
  return functionNames.filter((name) => {
    const { onlyWith } = functions[name] as FunctionDefinition;
    return onlyWith === undefined || definitions[onlyWith] !== undefined;
  });
}
