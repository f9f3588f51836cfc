import { GetParameterCommand, ParameterNotFound, type SSMClient } from '@aws-sdk/client-ssm';
import { installationParameter, type InstallationDefinition } from '../../../contract/installation.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import { parsedJson } from '../../foundation/json.ts';
import { awsCall } from './calls.ts';

/** What a deployed installation says of itself. Throws KeyguardError `installation-not-found` where there is none of this name. */
export async function readInstallation(client: SSMClient, name: string): Promise<InstallationDefinition> {
  const parameter = installationParameter(name);
  const { Parameter } = await awsCall(
    'ssm:GetParameter',
    () => client.send(new GetParameterCommand({ Name: parameter })),
    (error) =>
      error instanceof ParameterNotFound
        ? new KeyguardError(
            'installation-not-found',
            `there is no installation "${name}" in this account and Region (no SSM parameter ${parameter})`,
            'deploy it (npx cdk deploy), or choose another account, Region or --installation',
          )
        : undefined,
  );
  const value = parsedJson(Parameter?.Value ?? '');
  if (isInstallation(value)) return value;
  throw new KeyguardError(
    'foreign-definition',
    `${parameter} is no installation that this version knows`,
    'deploy again with this version',
  );
}

function isInstallation(value: unknown): value is InstallationDefinition {
  if (!(value instanceof Object) || Reflect.get(value, 'schema') !== 1) return false;
  const strings = [
    'installation',
    'anthropicBaseUrl',
    'organizationId',
    'stateTable',
    'alertTopicArn',
    'slackWebhookSecretArn',
    'dashboardUrl',
  ];
  const objects = ['adminAccess', 'functions'];
  return (
    strings.every((field) => typeof Reflect.get(value, field) === 'string') &&
    objects.every((field) => Reflect.get(value, field) instanceof Object)
  );
}
