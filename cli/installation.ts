import { fileURLToPath } from 'node:url';
import type { Command as Program } from 'commander';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { InstallationDefinition } from '../contract/installation.ts';
import { keyDirectoryPath } from '../contract/installation.ts';
import type { ManagedKeyDefinition } from '../contract/policy.ts';
import { secretsManager, ssm } from '../lambda/adapters/aws/clients.ts';
import { readInstallation } from '../lambda/adapters/aws/installation.ts';
import { keyDirectory } from '../lambda/adapters/aws/key-directory.ts';
import { openTable, type Table } from '../lambda/adapters/aws/table.ts';
import { systemClock } from '../lambda/foundation/clock.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import { loadConfiguration } from '../lib/config/load.ts';
import type { CliIo } from './command.ts';

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
    .option('--config <file>', 'configuration file that names the installation (default: keyguard.json)')
    .option('--installation <name>', 'name of the installation; no configuration file is read')
    .option('--json', 'print JSON for machines');
}

export interface OpenInstallation {
  readonly definition: InstallationDefinition;
  readonly secrets: SecretsManagerClient;
  readonly table: Table;
  readonly managedKeys: readonly ManagedKeyDefinition[];
}

/** Finds the deployed installation in the account and Region of the environment. */
export async function openInstallation(flags: InstallationFlags, io: CliIo): Promise<OpenInstallation> {
  const definition = await readInstallation(ssm(), flags.installation ?? nameFrom(flags, io));
  return {
    definition,
    secrets: secretsManager(),
    table: openTable(definition.stateTable),
    managedKeys: await keyDirectory(ssm(), keyDirectoryPath(definition.installation), systemClock).all(),
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
    `choose one of: ${names}`,
  );
}

function nameFrom(flags: InstallationFlags, io: CliIo): string {
  const { configuration, notice } = loadConfiguration({ root: projectRoot, path: flags.config });
  if (notice !== undefined) io.stderr.write(`${notice}\n`);
  return configuration.installation;
}
