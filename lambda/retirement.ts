import type { Definitions } from '../contract/policy.ts';
import { incidentPorts, retirementPorts } from './adapters/assemble.ts';
import { runs } from './adapters/aws/runs.ts';
import { secretsManager } from './adapters/aws/clients.ts';
import { openTable, unreadableSeen } from './adapters/aws/table.ts';
import { bundledDefinitions } from './adapters/definitions.ts';
import { readEnvironment } from './adapters/environment.ts';
import { counted } from './foundation/counted.ts';
import { KeyguardError } from './foundation/errors.ts';
import { onFirstCall } from './foundation/once.ts';
import { lambdaRuntime, type Runtime } from './foundation/runtime.ts';
import { runRetirement } from './rotation/run-retirement.ts';

/** Every five minutes: old keys become inactive by evidence, and what a killed run left half done is finished. */
export function retirementHandler(
  variables: Readonly<Record<string, string | undefined>>,
  runtime: Runtime,
  definitions: Definitions,
): () => Promise<void> {
  const env = { ...readEnvironment('retirement', variables), definitions };
  const table = openTable(env.stateTable);
  const ports = retirementPorts(env, table, secretsManager(), incidentPorts(env, table, runtime));
  return async () => {
    const failures: string[] = [];
    const tally = await runRetirement(ports, (what) => void failures.push(what));
    ports.log.info('retirement.finished', { ...tally });
    await runs(table).finished('retirement', { at: ports.clock.now(), failed: tally.failed });
    // Thrown after the log line, so that the retry, the error alarm and the dead-letter queue all see it.
    const unreadable = unreadableSeen(table, ports.log);
    const [first] = failures;
    if (first === undefined) {
      if (unreadable !== undefined) throw unreadable;
      return;
    }
    throw new KeyguardError(
      'retirement-incomplete',
      `retirement failed at ${counted(failures.length, 'task')}, the first: ${first}`,
      'see the function log',
    );
  };
}

export const handler = onFirstCall(() => retirementHandler(process.env, lambdaRuntime, bundledDefinitions()));
