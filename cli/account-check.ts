import { adminKeySecretName, channelSecretName, deployedFunctionName, secretsOf } from '../contract/names.ts';
import { functionNames, postedChannels, type FunctionName } from '../contract/registry.ts';
import { apiKeyLedger } from '../lambda/adapters/aws/api-key-ledger.ts';
import { lambda, secretsManager } from '../lambda/adapters/aws/clients.ts';
import { functionSettings, type FunctionSettings } from '../lambda/adapters/aws/function-settings.ts';
import { secretVersions } from '../lambda/adapters/aws/secret-versions.ts';
import { openTable } from '../lambda/adapters/aws/table.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import type { SecretDescription } from '../lambda/rotation/ports.ts';
import { definitionsDigest } from '../lib/config/definitions-digest.ts';
import { definitionsOf } from '../lib/config/policy.ts';
import { problemsAtHome } from '../lib/config/home-region.ts';
import type { Configuration } from '../lib/config/schema.ts';
import { accountVerdicts, told, type Deployment } from './account-verdicts.ts';
import { callerName, checkedRegion } from './aws-session.ts';
import type { CliIo } from './command.ts';
import { deployedDefinitions } from './deployed-definitions.ts';
import { broken, type Answer } from './doctor/check.ts';
import { operatorAnswers } from './operators.ts';

/**
 * What a deployment of this configuration would fail on, break, lose or leave behind in the account of the environment. It asks
 * the rotation function what is deployed; else it only reads.
 */
export async function accountAnswers(configuration: Configuration, io: CliIo): Promise<readonly Answer[]> {
  const region = await checkedRegion(lambda(), io);
  const deployment = await deploymentOf(configuration);
  const secrets = await secretsNamed(configuration, deployment);
  const { managedKeys, operators } = configuration;
  return [
    ...accountVerdicts({ region, configuration, deployment, secrets }),
    ...problemsAtHome({ managedKeys, operators }, region).map(({ path, value, problem, fix }) =>
      broken(`${path}: ${value ?? ''} ${problem}`, fix),
    ),
    ...operatorAnswers(operators, await callerName()),
  ];
}

async function deploymentOf(configuration: Configuration): Promise<Deployment | undefined> {
  const { installation } = configuration;
  const client = lambda();
  const settings = new Map<FunctionName, FunctionSettings['environment']>();
  for (const name of functionNames) {
    const found = await functionSettings(client, deployedFunctionName(installation, name));
    if (found !== undefined) settings.set(name, found.environment);
  }
  if (settings.size === 0) return undefined;
  const stateTable = told(settings, 'stateTable');
  const records = stateTable === undefined ? [] : await apiKeyLedger(openTable(stateTable)).all();
  const asked = await deployedDefinitions(installation);
  if (!(asked instanceof KeyguardError)) return { settings, records, definitions: asked };
  const file = definitionsOf(configuration);
  return { settings, records, definitions: told(settings, 'definitionsDigest') === definitionsDigest(file) ? file : undefined };
}

/** The secrets, by name, that the file or the deployment may have, and those that a removed managed key left behind. */
async function secretsNamed(
  { installation, managedKeys }: Configuration,
  deployment: Deployment | undefined,
): Promise<ReadonlyMap<string, SecretDescription>> {
  const keys = new Set([
    ...managedKeys.map(({ name }) => name),
    ...(deployment?.definitions?.managedKeys ?? []).map(({ name }) => name),
    ...(deployment?.records ?? []).map(({ managedKey }) => managedKey),
  ]);
  const ofKeys = [...keys]
    .map((key) => secretsOf(installation, key))
    .flatMap(({ secretName, standbySecretName }) => [secretName, standbySecretName]);
  const secrets = new Map<string, SecretDescription>();
  await Promise.all(
    [adminKeySecretName(installation), ...postedChannels.map((kind) => channelSecretName(installation, kind)), ...ofKeys].map(
      async (name) => {
        const secret = await described(name);
        if (secret !== undefined) secrets.set(name, secret);
      },
    ),
  );
  return secrets;
}

async function described(name: string): Promise<SecretDescription | undefined> {
  try {
    return await secretVersions(secretsManager()).describe(name);
  } catch (error) {
    if (error instanceof KeyguardError && error.code === 'secret-not-found') return undefined;
    throw error;
  }
}
