import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Command as Program } from 'commander';
import { variables } from '../contract/environment.ts';
import type { InstallationDefinition } from '../contract/installation.ts';
import { alarmTopicName, alertTopicName, channelSecretsOf, deployedFunctionName } from '../contract/names.ts';
import { managedKeysOf, type ManagedKeyDefinition } from '../contract/policy.ts';
import { lambda, secretsManager } from '../lambda/adapters/aws/clients.ts';
import { openTable, type Table } from '../lambda/adapters/aws/table.ts';
import { commandPorts } from '../lambda/adapters/command-ports.ts';
import { systemClock, type Clock } from '../lambda/foundation/clock.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import type { CommandPorts } from '../lambda/rotation/commands/ports.ts';
import type { Configuration } from '../lib/config/schema.ts';
import { adminAccessOf } from './admin-access.ts';
import { anyFunction, type DeployedFunction } from './any-function.ts';
import { checkedRegion } from './aws-session.ts';
import type { CliIo } from './command.ts';
import { progress } from './output.ts';

export interface InstallationFlags {
  readonly config?: string;
  readonly json?: boolean;
}

/** The flags that every command has that speaks to a deployed installation. */
export function withInstallation(command: Program): Program {
  return command
    .option('--config <file>', 'configuration of the installation (default: keyguard.json in this folder)')
    .option('--json', 'print JSON for machines; progress and errors are lines of JSON on standard error');
}

export interface OpenInstallation {
  /** What keyguard.json says should be there. */
  readonly configuration: Configuration;
  readonly definition: InstallationDefinition;
  readonly secrets: SecretsManagerClient;
  readonly table: Table;
  /** By name. */
  readonly managedKeys: readonly ManagedKeyDefinition[];
  readonly clock: Clock;
  /** What the verbs that decide about keys need. */
  readonly ports: CommandPorts;
  /** Whether keyguard.json is what is deployed, as far as the functions' settings tell. */
  readonly isDeployed: boolean;
}

/**
 * Finds the deployed installation in the account and Region of the environment. What decides where a value goes (address,
 * organization, names of secrets, policies) is what keyguard.json says; the deployed functions say the rest.
 */
export async function openInstallation(flags: InstallationFlags, io: CliIo): Promise<OpenInstallation> {
  // The schema takes a tenth of a second to load.
  const [{ loadConfiguration }, { definitionsOf }, { settingsThatDiffer }] = await Promise.all([
    import('../lib/config/load.ts'),
    import('../lib/config/policy.ts'),
    import('./file-and-deployment.ts'),
  ]);
  const { configuration } = loadConfiguration({ path: flags.config });
  const client = lambda();
  const region = await checkedRegion(client, io);
  const there = await found(client, configuration, region);
  const definition = definitionOf(configuration, there);
  const differs = settingsThatDiffer(there.name, there.environment, configuration);
  if (differs.length > 0) {
    progress(
      `keyguard.json is not what is deployed (${differs.join(', ')}): the functions act by what is deployed, and what is promised here follows ` +
        'the file only after npx cdk deploy. What differs: npx --no-install keyguard doctor',
      io,
    );
  }
  const managedKeys = [...managedKeysOf(definitionsOf(configuration))].sort((a, b) => a.name.localeCompare(b.name));
  const secrets = secretsManager();
  const table = openTable(definition.stateTable);
  const clock = io.clock ?? systemClock;
  const isDeployed = differs.length === 0;
  const ports = commandPorts(definition, managedKeys, table, secrets, clock);
  return {
    configuration,
    definition,
    secrets,
    table,
    managedKeys,
    clock,
    ports: isDeployed ? ports : { ...ports, secrets: ofFile(ports, managedKeys) },
    isDeployed,
  };
}

/** Where the file is not what is deployed: `not-deployed` of a secret of a managed key that nobody has deployed yet. */
function ofFile({ secrets, ledger }: CommandPorts, managedKeys: readonly ManagedKeyDefinition[]): CommandPorts['secrets'] {
  return {
    ...secrets,
    async describe(secretName) {
      try {
        return await secrets.describe(secretName);
      } catch (error) {
        const name = managedKeys.find((key) => key.secretName === secretName || key.standbySecretName === secretName)?.name;
        const isGone = error instanceof KeyguardError && error.code === 'secret-not-found';
        if (!isGone || name === undefined || (await ledger.of(name)).length > 0) throw error;
        throw new KeyguardError('not-deployed', `${name} is not deployed yet: there is no secret ${secretName}`, 'npx cdk deploy');
      }
    },
  };
}

/** Throws KeyguardError that lists the names there are. */
export function managedKey({ managedKeys, definition }: OpenInstallation, name: string): ManagedKeyDefinition {
  const found = managedKeys.find((key) => key.name === name);
  if (found !== undefined) return found;
  const names = managedKeys.map((key) => key.name).join(', ');
  throw new KeyguardError(
    'unknown-managed-key',
    `installation ${definition.installation} has no managed key "${name}"`,
    `choose one of: ${names}; or add it to keyguard.json and deploy`,
  );
}

async function found(client: LambdaClient, { installation }: Configuration, region: string): Promise<DeployedFunction> {
  const there = await anyFunction(client, installation);
  if (there !== undefined) return there;
  const example = deployedFunctionName(installation, 'retirement');
  throw new KeyguardError(
    'installation-not-found',
    `there is no installation "${installation}" in this account and Region (none of its functions, such as ${example}, is here)`,
    // Most often it is the wrong Region: say which one was asked.
    `deploy it (npx cdk deploy), or choose another account, Region or --config. The Region that was asked is ${region}`,
  );
}

function definitionOf(
  { installation, anthropic, alerts }: Configuration,
  { stateTable, home, environment }: DeployedFunction,
): InstallationDefinition {
  const topicArn = (name: string): string => `arn:${home.partition}:sns:${home.region}:${home.account}:${name}`;
  return {
    installation,
    anthropicBaseUrl: anthropic.baseUrl,
    organizationId: anthropic.organizationId,
    adminAccess: adminAccessOf(installation, anthropic.adminAccess),
    stateTable,
    alertTopicArn: topicArn(alertTopicName(installation)),
    alarmTopicArn: topicArn(alarmTopicName(installation)),
    channelSecrets: channelSecretsOf(installation, alerts),
    dashboardUrl: environment[variables.dashboardUrl] ?? '',
    functions: {
      rotation: deployedFunctionName(installation, 'rotation'),
      retirement: deployedFunctionName(installation, 'retirement'),
      notifier: deployedFunctionName(installation, 'notifier'),
    },
  };
}
