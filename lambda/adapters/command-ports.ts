import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { InstallationDefinition } from '../../contract/installation.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { Clock } from '../foundation/clock.ts';
import { onFirstCall } from '../foundation/once.ts';
import type { CommandPorts } from '../rotation/commands/ports.ts';
import { apiKeyLedger } from './aws/api-key-ledger.ts';
import { audit } from './aws/audit.ts';
import { lambdaThatWaits } from './aws/clients.ts';
import { incidentStore } from './aws/incident-store.ts';
import { invoke } from './aws/invoke.ts';
import { keptVersions } from './aws/kept-versions.ts';
import { pauses } from './aws/pauses.ts';
import { rotationSchedule } from './aws/rotation-schedule.ts';
import { rotations, secretVersions } from './aws/secret-versions.ts';
import type { Table } from './aws/table.ts';
import { lastingFailure } from './failed-rotation.ts';

/** What an operator's verbs need, from what an installation says of itself. */
export function commandPorts(
  installation: InstallationDefinition,
  managedKeys: readonly ManagedKeyDefinition[],
  table: Table,
  secrets: SecretsManagerClient,
  clock: Clock,
): CommandPorts {
  // Anthropic's SDK takes longer to load than all the rest: only a verb that asks Anthropic waits for it.
  const anthropic = onFirstCall(() => {
    const keys = import('./assemble.ts').then(({ onboardPorts }) => onboardPorts(installation, managedKeys, table, secrets, clock).keys);
    return () => keys;
  });
  return {
    ledger: apiKeyLedger(table),
    secrets: secretVersions(secrets),
    keys: {
      retrieve: async (apiKeyId) => (await anthropic()).retrieve(apiKeyId),
      list: async () => (await anthropic()).list(),
      setStatus: async (apiKeyId, status) => (await anthropic()).setStatus(apiKeyId, status),
    },
    pauses: pauses(table),
    rotations: rotations(secrets),
    schedule: rotationSchedule(secrets),
    audit: audit(table),
    alarm: { lasting: lastingFailure(incidentStore(table)) },
    clock,
    keptVersions: (secretArn) => keptVersions(secrets, secretArn),
    async retireNow() {
      await invoke(lambdaThatWaits(), installation.functions.retirement, {});
    },
  };
}
