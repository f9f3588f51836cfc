import { credentialVariable, variables, type VariableName } from '../contract/environment.ts';
import { adminKeySecretName, channelSecretName, channelSecretsOf, deployedFunctionName, secretsOf } from '../contract/names.ts';
import type { Definitions, ManagedKeyPolicy } from '../contract/policy.ts';
import type { ApiKeyRecord } from '../contract/records.ts';
import { channels, functionNames, postedChannels, type FunctionName, type PostedChannel } from '../contract/registry.ts';
import type { FunctionSettings } from '../lambda/adapters/aws/function-settings.ts';
import type { SecretDescription } from '../lambda/rotation/ports.ts';
import { versionWith } from '../lambda/rotation/staging-labels.ts';
import { definitionsOf } from '../lib/config/policy.ts';
import type { Configuration } from '../lib/config/schema.ts';
import { broken, good, warning, type Answer } from './doctor/check.ts';
import { counted, instant } from './output.ts';

/** What the functions of an installation say of it. */
export interface Deployment {
  /** The functions that are there, and what each works with. */
  readonly settings: ReadonlyMap<FunctionName, FunctionSettings['environment']>;
  /** Undefined where the rotation function does not say, and nothing else tells. */
  readonly definitions: Definitions | undefined;
  readonly records: readonly ApiKeyRecord[];
}

export interface AccountSnapshot {
  readonly region: string;
  readonly configuration: Configuration;
  /** Undefined where no function of the installation is there. */
  readonly deployment: Deployment | undefined;
  /** By name: those of all managed keys that are or were deployed or are in the file, and the shared ones. */
  readonly secrets: ReadonlyMap<string, SecretDescription>;
}

/** What a deployment of the file would fail on, break, lose or leave behind. */
export function accountVerdicts(snapshot: AccountSnapshot): readonly Answer[] {
  const { region, configuration, deployment } = snapshot;
  const blocked = createdBy(snapshot).flatMap((name) => blockedBy(name, snapshot));
  if (deployment === undefined)
    return [good(`there is no installation "${configuration.installation}" in ${region} yet: a deployment makes one`), ...blocked];
  const answers = [
    ...missing(deployment, configuration),
    ...breaks(deployment, configuration),
    ...blocked,
    ...leaves(deployment, snapshot),
  ];
  return answers.length === 0 ? [good(`a deployment to ${region} loses nothing and leaves nothing behind`)] : answers;
}

function bothOf(installation: string, managedKey: string): readonly string[] {
  const { secretName, standbySecretName } = secretsOf(installation, managedKey);
  return [secretName, standbySecretName];
}

/** Of any function: all are told the same. */
export function told(settings: Deployment['settings'], variable: VariableName): string | undefined {
  return [...settings.values()].map((environment) => environment[variables[variable]]).find((value) => (value ?? '') !== '');
}

function hadAdminKey({ settings }: Deployment): boolean | undefined {
  return told(settings, 'adminAccess')?.includes('"kind":"key"');
}

/** Undefined where the notifier is gone, which alone knows. */
function hadChannel(kind: PostedChannel, { settings }: Deployment): boolean | undefined {
  const notifier = settings.get('notifier');
  return notifier === undefined ? undefined : (notifier[variables[credentialVariable(kind)]] ?? '') !== '';
}

/** The secrets that this file has and the deployment has not: CloudFormation makes them. */
function createdBy({ configuration, deployment }: AccountSnapshot): readonly string[] {
  const { installation, anthropic, alerts, managedKeys } = configuration;
  const known = deployment?.definitions?.managedKeys.map(({ name }) => name);
  const added = deployment !== undefined && known === undefined ? [] : managedKeys.filter(({ name }) => known?.includes(name) !== true);
  const hasNo = (had: boolean | undefined): boolean => deployment === undefined || had === false;
  return [
    ...(anthropic.adminAccess.kind === 'key' && hasNo(deployment && hadAdminKey(deployment)) ? [adminKeySecretName(installation)] : []),
    ...[...channelSecretsOf(installation, alerts)].flatMap(([kind, name]) =>
      hasNo(deployment && hadChannel(kind, deployment)) ? [name] : [],
    ),
    ...added.flatMap(({ name }) => bothOf(installation, name)),
  ];
}

/** CloudFormation makes no second secret of a name. What holds anything, or may be of a living stack, is never advised to be deleted for good. */
function blockedBy(name: string, { secrets, deployment }: AccountSnapshot): readonly Answer[] {
  const secret = secrets.get(name);
  if (secret === undefined) return [];
  const { stackName, deletionAt, stages } = secret;
  const maker = stackName === null ? 'no stack made it' : `stack ${stackName} made it`;
  const what = `secret ${name} is there already (${maker}), and ${stages.size === 0 ? 'holds nothing' : 'holds a value'}: a deployment that makes it fails ("already exists")`;
  if (deletionAt !== null)
    return [broken(what, `its name is free after ${instant(deletionAt)}: deploy then, or choose another name in keyguard.json`)];
  const isOurs = stackName !== null && deployment !== undefined && stackName === told(deployment.settings, 'stackName');
  const look =
    stackName === null || isOurs
      ? ''
      : `delete nothing while that stack is there, it may be at work: aws cloudformation describe-stacks --stack-name ${stackName}; `;
  const remove = `aws secretsmanager delete-secret --secret-id ${name}`;
  const fix =
    stages.size === 0 && stackName === null
      ? `it holds nothing, so delete it: ${remove} --force-delete-without-recovery`
      : `${look}choose another name in keyguard.json; or, where nobody needs what it holds: ${remove} --recovery-window-in-days 7, which ` +
        'aws secretsmanager restore-secret takes back; after these days the name is free';
  return [broken(what, fix)];
}

function missing(deployment: Deployment, { installation, usage }: Configuration): readonly Answer[] {
  const beats = deployment.definitions === undefined ? false : deployment.definitions.heartbeat !== undefined;
  const gone = functionNames.filter(
    (name) => (name !== 'heartbeat' || (beats && usage.heartbeat !== undefined)) && !deployment.settings.has(name),
  );
  const functions = gone.map((name) =>
    broken(
      `there is no function ${deployedFunctionName(installation, name)}, which this installation had: a deployment that changes it fails`,
      'bring it back: npx cdk deploy --revert-drift',
    ),
  );
  if (deployment.definitions !== undefined) return functions;
  return [
    ...functions,
    warning(
      `which managed keys are deployed cannot be told: ${deployedFunctionName(installation, 'rotation')} does not answer`,
      'npx --no-install keyguard doctor says why; then check again',
    ),
  ];
}

/** What works now and would not after the deployment. */
function breaks(deployment: Deployment, configuration: Configuration): readonly Answer[] {
  const { organizationId } = configuration.anthropic;
  const there = told(deployment.settings, 'organizationId');
  const live = deployment.records.filter(isLive);
  const organization =
    there === undefined || there === organizationId || live.length === 0
      ? []
      : [
          broken(
            `anthropic.organizationId is ${there} there and ${organizationId} in this file: the ${counted(live.length, 'key')} on record are of the ` +
              'former, and no function would rotate, watch or cut off one of them any more',
            `write ${there} back; another organization is an installation of its own, with another name`,
          ),
        ];
  const policies = new Map(deployment.definitions?.managedKeys.map((key) => [key.name, key]));
  return [...organization, ...definitionsOf(configuration).managedKeys.flatMap((key) => moves(key, policies.get(key.name), live))];
}

function moves(
  { name, workspaceId }: ManagedKeyPolicy,
  there: ManagedKeyPolicy | undefined,
  live: readonly ApiKeyRecord[],
): readonly Answer[] {
  if (there === undefined || there.workspaceId === workspaceId) return [];
  const own = live.filter(({ managedKey }) => managedKey === name);
  if (own.length === 0) return [];
  const current = own.find(({ state }) => state === 'current');
  const whose =
    current === undefined ? counted(own.length, 'key') : `its current key ${current.apiKeyId} and ${counted(own.length - 1, 'other key')}`;
  return [
    broken(
      `workspaceId of ${name} is ${there.workspaceId} there and ${workspaceId} in this file: ${whose} would be of a foreign workspace, which ` +
        'Key Guard neither rotates to nor cuts off',
      `write ${there.workspaceId} back, and give the other workspace a managed key of its own`,
    ),
  ];
}

/** What a rotation may take, or consumers may hold. */
function isLive({ state }: ApiKeyRecord): boolean {
  return ['standby', 'pending', 'current', 'draining'].includes(state);
}

/** What stays in the account, and nobody looks after any more. */
function leaves(deployment: Deployment, { configuration, secrets }: AccountSnapshot): readonly Answer[] {
  const { installation, anthropic, alerts, managedKeys } = configuration;
  const adminKey = adminKeySecretName(installation);
  const later = (name: string): string =>
    `aws secretsmanager delete-secret --secret-id ${name} --recovery-window-in-days 7. While it is there, a deployment that wants it again fails`;
  const shared = [
    ...(hadAdminKey(deployment) === true && anthropic.adminAccess.kind === 'federation' && secrets.has(adminKey)
      ? [
          warning(
            `admin access changes from a key to federation: ${adminKey} stays behind, and the Admin key in it goes on opening the organization`,
            `once npx --no-install keyguard doctor sees Anthropic, delete that key in the Claude Console (Settings > Admin keys), then: ${later(adminKey)}`,
          ),
        ]
      : []),
    ...postedChannels.flatMap((kind) => {
      const { name, setting, credential } = channels[kind];
      const secret = channelSecretName(installation, kind);
      if (hadChannel(kind, deployment) !== true || alerts[setting] !== undefined || !secrets.has(secret)) return [];
      return warning(
        `nothing is posted to ${name} any more, and ${secret} stays behind with its ${credential.noun} in it`,
        `remove the ${credential.noun} in ${name}, then: ${later(secret)}`,
      );
    }),
  ];
  const known = [
    ...(deployment.definitions?.managedKeys ?? []).map(({ name }) => name),
    ...deployment.records.filter(({ state }) => state !== 'archived').map(({ managedKey }) => managedKey),
  ];
  const gone = [...new Set(known)].filter((name) => !managedKeys.some((key) => key.name === name)).sort();
  return [...shared, ...gone.map((name) => leftBehind(name, installation, deployment, secrets))];
}

function leftBehind(name: string, installation: string, { records }: Deployment, secrets: ReadonlyMap<string, SecretDescription>): Answer {
  const own = records.filter(({ managedKey }) => managedKey === name);
  const standby = own.filter(({ state }) => state === 'standby').length;
  const left = bothOf(installation, name).flatMap((secretName) => {
    const secret = secrets.get(secretName);
    if (secret === undefined) return [];
    return [versionWith(secret.stages, 'AWSCURRENT') === undefined ? `${secretName} without a value` : `${secretName} with a value`];
  });
  return warning(
    `${name} is deployed or was, and is not in this file: what stays behind is ${[...left, counted(standby, 'standby key')].join(', ')} and ` +
      `${counted(own.length, 'record')}; its schedule goes, and consumers go on reading a key that nobody rotates`,
    'put it back into keyguard.json to keep it. Once it is removed, its name cannot be used again until both of its secrets are gone',
  );
}
