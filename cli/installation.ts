import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Command as Program } from 'commander';
import { variables } from '../contract/environment.ts';
import type { InstallationDefinition } from '../contract/installation.ts';
import { adminKeySecretName, alarmTopicName, alertTopicName, deployedFunctionName, slackWebhookSecretName } from '../contract/names.ts';
import { managedKeysOf, type ManagedKeyDefinition } from '../contract/policy.ts';
import { lambda, secretsManager } from '../lambda/adapters/aws/clients.ts';
import { openTable, type Table } from '../lambda/adapters/aws/table.ts';
import { systemClock, type Clock } from '../lambda/foundation/clock.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import type { Configuration } from '../lib/config/schema.ts';
import { anyFunction } from './any-function.ts';
import { checkedRegion } from './aws-session.ts';
import type { CliIo } from './command.ts';

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
}

/**
 * Finds the deployed installation in the account and Region of the environment. What decides where a value goes (address,
 * organization, names of secrets, policies) is what keyguard.json says; the deployed functions say the rest.
 */
export async function openInstallation(flags: InstallationFlags, io: CliIo): Promise<OpenInstallation> {
  // The schema takes a tenth of a second to load.
  const [{ loadConfiguration }, { policyOf }] = await Promise.all([import('../lib/config/load.ts'), import('../lib/config/policy.ts')]);
  const { configuration } = loadConfiguration({ path: flags.config });
  const client = lambda();
  const region = await checkedRegion(client, io);
  const definition = await deployed(client, configuration, region);
  const { installation } = configuration;
  const managedKeys = managedKeysOf({ schema: 1, installation, managedKeys: configuration.managedKeys.map(policyOf) });
  return {
    configuration,
    definition,
    secrets: secretsManager(),
    table: openTable(definition.stateTable),
    managedKeys: [...managedKeys].sort((a, b) => a.name.localeCompare(b.name)),
    clock: io.clock ?? systemClock,
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

async function deployed(client: LambdaClient, configuration: Configuration, region: string): Promise<InstallationDefinition> {
  const { installation, anthropic, alerts } = configuration;
  const functions = {
    rotation: deployedFunctionName(installation, 'rotation'),
    retirement: deployedFunctionName(installation, 'retirement'),
    notifier: deployedFunctionName(installation, 'notifier'),
  };
  const found = await anyFunction(client, installation);
  if (found === undefined) {
    throw new KeyguardError(
      'installation-not-found',
      `there is no installation "${installation}" in this account and Region (none of its functions, such as ${functions.retirement}, is here)`,
      // Most often it is the wrong Region: say which one was asked.
      `deploy it (npx cdk deploy), or choose another account, Region or --config. The Region that was asked is ${region}`,
    );
  }
  const { stateTable, home, environment } = found;
  const topicArn = (name: string): string => `arn:${home.partition}:sns:${home.region}:${home.account}:${name}`;
  const { adminAccess } = anthropic;
  return {
    installation,
    anthropicBaseUrl: anthropic.baseUrl,
    organizationId: anthropic.organizationId,
    adminAccess: adminAccess.kind === 'key' ? { kind: 'key', secretName: adminKeySecretName(installation) } : adminAccess,
    stateTable,
    alertTopicArn: topicArn(alertTopicName(installation)),
    alarmTopicArn: topicArn(alarmTopicName(installation)),
    slackWebhookSecret: alerts.slack === undefined ? '' : slackWebhookSecretName(installation),
    dashboardUrl: environment[variables.dashboardUrl] ?? '',
    functions,
  };
}
