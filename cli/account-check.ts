import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { adminKeySecretName, secretsOf, slackWebhookSecretName } from '../contract/names.ts';
import type { ApiKeyRecord } from '../contract/records.ts';
import { apiKeyLedger } from '../lambda/adapters/aws/api-key-ledger.ts';
import { lambda, secretsManager } from '../lambda/adapters/aws/clients.ts';
import { pauses } from '../lambda/adapters/aws/pauses.ts';
import { secretVersions } from '../lambda/adapters/aws/secret-versions.ts';
import { openTable } from '../lambda/adapters/aws/table.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import type { SecretDescription } from '../lambda/rotation/ports.ts';
import { versionWith } from '../lambda/rotation/switch.ts';
import type { Configuration } from '../lib/config/schema.ts';
import { anyFunction } from './any-function.ts';
import { checkedRegion } from './aws-session.ts';
import type { CliIo } from './command.ts';
import { broken, good, warning, type Answer } from './doctor/check.ts';
import { counted } from './output.ts';

/** What a deployment of this configuration would fail on, lose or leave behind in the account of the environment. It only reads. */
export async function accountAnswers({ installation, ...wanted }: Configuration, io: CliIo): Promise<readonly Answer[]> {
  const client = lambda();
  const region = await checkedRegion(client, io);
  const secrets = secretsManager();
  const names = wanted.managedKeys.map(({ name }) => name);
  const deployed = await anyFunction(client, installation);
  if (deployed === undefined) {
    const shared = [
      ...(wanted.anthropic.adminAccess.kind === 'key' ? [adminKeySecretName(installation)] : []),
      ...(wanted.alerts.slack === undefined ? [] : [slackWebhookSecretName(installation)]),
    ];
    const own = names.flatMap((name) => {
      const { secretName, standbySecretName } = secretsOf(installation, name);
      return [secretName, standbySecretName];
    });
    const found = (await Promise.all([...shared, ...own].map(async (name) => blocked(name, await described(secrets, name))))).flat();
    return [good(`there is no installation "${installation}" in ${region} yet: a deployment makes one`), ...found];
  }
  const table = openTable(deployed.stateTable);
  const [records, paused] = await Promise.all([apiKeyLedger(table).all(), pauses(table).all()]);
  const isPaused = new Set(paused.map(({ managedKey }) => managedKey));
  const found = await Promise.all(
    names.map(async (name) => {
      const { secretName } = secretsOf(installation, name);
      const secret = await described(secrets, secretName);
      // The schedule goes with the managed key that is removed; its secret stays.
      return secret?.rotationEnabled === true || isPaused.has(name) ? [] : blocked(secretName, secret);
    }),
  );
  const known = new Set(records.filter(({ state }) => state !== 'archived').map(({ managedKey }) => managedKey));
  const gone = [...known].filter((name) => !names.includes(name)).sort();
  const left = await Promise.all(gone.map((name) => leftBehind(installation, name, records, secrets)));
  const answers = [...found.flat(), ...left];
  return answers.length === 0 ? [good(`a deployment to ${region} loses nothing and leaves nothing behind`)] : answers;
}

/** A secret of this name that no managed key of the deployment has: CloudFormation makes no second one. */
function blocked(name: string, secret: SecretDescription | undefined): readonly Answer[] {
  if (secret === undefined) return [];
  const holds = versionWith(secret.stages, 'AWSCURRENT') === undefined ? 'holds no current value' : 'holds a value';
  return [
    broken(
      `secret ${name} is there already, with no schedule, and ${holds}: a deployment that makes it fails ("already exists")`,
      `if nobody needs what it holds, delete it for good: aws secretsmanager delete-secret --secret-id ${name} --force-delete-without-recovery; ` +
        'or choose another name in keyguard.json. Where its schedule was only switched off, nothing is wrong',
    ),
  ];
}

async function leftBehind(
  installation: string,
  name: string,
  records: readonly ApiKeyRecord[],
  secrets: SecretsManagerClient,
): Promise<Answer> {
  const { secretName } = secretsOf(installation, name);
  const secret = await described(secrets, secretName);
  const own = records.filter(({ managedKey }) => managedKey === name);
  const standby = own.filter(({ state }) => state === 'standby').length;
  const holds = secret !== undefined && versionWith(secret.stages, 'AWSCURRENT') !== undefined ? `${secretName} with a value` : 'no value';
  return warning(
    `${name} is deployed or was, and is not in this file: what stays behind is ${holds}, ${counted(standby, 'standby key')} and ` +
      `${counted(own.length, 'record')}; its schedule goes, and consumers go on reading a key that nobody rotates`,
    'put it back into keyguard.json to keep it. Once it is removed, its name cannot be used again until both of its secrets are deleted for good',
  );
}

async function described(client: SecretsManagerClient, name: string): Promise<SecretDescription | undefined> {
  try {
    return await secretVersions(client).describe(name);
  } catch (error) {
    if (error instanceof KeyguardError && error.code === 'secret-not-found') return undefined;
    throw error;
  }
}
