import { functionNames, type FunctionName } from './environment.ts';

/** One smallest request an hour, so that the usage report shows that it moves. */
export interface HeartbeatDefinition {
  /** Its current key sends the requests. Nobody else uses it. */
  readonly managedKey: string;
  readonly model: string;
}

export const heartbeatEveryMs = 3_600_000;

/** The cheapest that there is: platform.claude.com/docs/en/release-notes/overview, read 2026-11-30. */
export const heartbeatModel = 'claude-haiku-5-5';

/** The functions of an installation: a heartbeat only where keyguard.json asks for one. */
export function functionsOf({ heartbeat }: { readonly heartbeat?: HeartbeatDefinition | undefined }): readonly FunctionName[] {
  return functionNames.filter((name) => name !== 'heartbeat' || heartbeat !== undefined);
}
