import { fileURLToPath } from 'node:url';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Command as Program } from 'commander';
import type { InstallationDefinition } from '../contract/installation.ts';
import { keyDirectoryPath } from '../contract/installation.ts';
import type { ManagedKeyDefinition } from '../contract/policy.ts';
import { secretsManager, ssm } from '../lambda/adapters/aws/clients.ts';
import { readInstallation } from '../lambda/adapters/aws/installation.ts';
import { keyDirectory } from '../lambda/adapters/aws/key-directory.ts';
import { openTable, type Table } from '../lambda/adapters/aws/table.ts';
import { systemClock, type Clock } from '../lambda/foundation/clock.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import { checkedRegion } from './aws-session.ts';
import type { CliIo } from './command.ts';
import { progress } from './output.ts';

/** Where keyguard.json lies, whatever the working directory. */
export const projectRoot = fileURLToPath(new URL('..', import.meta.url));

export interface InstallationFlags {
  readonly config?: string;
  readonly installation?: string;
  readonly json?: boolean;
}

/** The flags that every command has that speaks to a deployed installation. */
export function withInstallation(command: Program): Program {
  return command
    .option('--config <file>', 'configuration that names the installation (default: keyguard.json)')
    .option('--installation <name>', 'name of the installation; no configuration is read')
    .option('--json', 'print JSON for machines; progress and errors are lines of JSON on standard error');
}

export interface OpenInstallation {
  readonly definition: InstallationDefinition;
  readonly secrets: SecretsManagerClient;
  readonly table: Table;
  /** By name. */
  readonly managedKeys: readonly ManagedKeyDefinition[];
  readonly clock: Clock;
}

/** Finds the deployed installation in the account and Region of the environment. */
export async function openInstallation(flags: InstallationFlags, io: CliIo): Promise<OpenInstallation> {
  const name = flags.installation ?? (await nameFrom(flags, io));
  const client = ssm();
  const region = await checkedRegion(client, io);
  const definition = await found(client, name, region, io);
  const clock = io.clock ?? systemClock;
  const managedKeys = await keyDirectory(client, keyDirectoryPath(definition.installation), clock).all();
  return {
    definition,
    secrets: secretsManager(),
    table: openTable(definition.stateTable),
    managedKeys: [...managedKeys].sort((a, b) => a.name.localeCompare(b.name)),
    clock,
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
    names === '' ? 'add one to keyguard.json and deploy' : `choose one of: ${names}`,
  );
}

async function found(client: SSMClient, name: string, region: string, io: CliIo): Promise<InstallationDefinition> {
  try {
    return await readInstallation(client, name);
  } catch (error) {
    if (!(error instanceof KeyguardError) || error.code !== 'installation-not-found') throw error;
    // Most often it is the wrong Region: say which one was asked.
    return io.fail(error.message, `${error.fix}. The Region that was asked is ${region}`, 1);
  }
}

async function nameFrom(flags: InstallationFlags, io: CliIo): Promise<string> {
  // The schema takes a tenth of a second to load.
  const { loadConfiguration } = await import('../lib/config/load.ts');
  const { configuration, notice } = loadConfiguration({ root: projectRoot, path: flags.config });
  if (notice !== undefined) progress(notice, io);
  return configuration.installation;
}
