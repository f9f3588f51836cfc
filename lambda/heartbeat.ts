import { secretsOf } from '../contract/names.ts';
import type { Definitions } from '../contract/policy.ts';
import { smallestRequest } from './adapters/anthropic/smallest-request.ts';
import { secretsManager } from './adapters/aws/clients.ts';
import { readCurrent } from './adapters/aws/secret-versions.ts';
import { openTable } from './adapters/aws/table.ts';
import { rememberBeat } from './adapters/aws/usage-ledger.ts';
import { bundledDefinitions } from './adapters/definitions.ts';
import { readEnvironment } from './adapters/environment.ts';
import { KeyguardError } from './foundation/errors.ts';
import { onFirstCall } from './foundation/once.ts';
import { lambdaRuntime, type Runtime } from './foundation/runtime.ts';
import { sendHeartbeat } from './usage/send-heartbeat.ts';

/** Each hour: one smallest request, so that the usage report shows that it moves. */
export function heartbeatHandler(
  variables: Readonly<Record<string, string | undefined>>,
  { log, clock }: Runtime,
  { installation, heartbeat }: Definitions,
): () => Promise<void> {
  const env = readEnvironment('heartbeat', variables);
  if (heartbeat === undefined) {
    throw new KeyguardError('foreign-definition', 'the definitions of this function name no heartbeat', 'deploy again: npx cdk deploy');
  }
  const secrets = secretsManager();
  const { secretName } = secretsOf(installation, heartbeat.managedKey);
  // Read each time: a rotation may have moved it since.
  const table = openTable(env.stateTable);
  const ports = {
    currentKey: () => readCurrent(secrets, secretName),
    ask: smallestRequest(env.anthropicBaseUrl),
    taken: (at: number) => rememberBeat(table, at),
    clock,
    log,
  };
  return () => sendHeartbeat(heartbeat, ports);
}

export const handler = onFirstCall(() => heartbeatHandler(process.env, lambdaRuntime, bundledDefinitions()));
