import { isDefinitionsRequest, type Definitions } from '../contract/policy.ts';
import { incidentPorts, rotationPorts } from './adapters/assemble.ts';
import { secretsManager } from './adapters/aws/clients.ts';
import { openTable } from './adapters/aws/table.ts';
import { bundledDefinitions } from './adapters/definitions.ts';
import { readEnvironment } from './adapters/environment.ts';
import { onFirstCall } from './foundation/once.ts';
import { lambdaRuntime, type Runtime } from './foundation/runtime.ts';
import { rotationStep } from './rotation/rotate.ts';
import { isStandbyVerificationRequest, verifyStandbyKeys } from './rotation/verify-standby.ts';

/** Secrets Manager calls this four times a rotation, and again after a failure; an operator, to have standby keys tried, or to be told what is deployed. */
export function rotationHandler(
  variables: Readonly<Record<string, string | undefined>>,
  runtime: Runtime,
  definitions: Definitions,
): (event: unknown) => Promise<unknown> {
  const env = { ...readEnvironment('rotation', variables), definitions };
  const table = openTable(env.stateTable);
  const ports = rotationPorts(env, table, secretsManager(), incidentPorts(env, table, runtime));
  return async (event) => {
    if (isDefinitionsRequest(event)) return definitions;
    return isStandbyVerificationRequest(event) ? verifyStandbyKeys(event, ports) : rotationStep(event, ports);
  };
}

export const handler = onFirstCall(() => rotationHandler(process.env, lambdaRuntime, bundledDefinitions()));
