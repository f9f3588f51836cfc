import { credentialVariable, credentialVariablesOf, environmentOf, variables, type VariableName } from '../contract/environment.ts';
import { channelSecretsOf } from '../contract/names.ts';
import type { Definitions } from '../contract/policy.ts';
import { channels, postedChannels, type FunctionName } from '../contract/registry.ts';
import type { FunctionSettings } from '../lambda/adapters/aws/function-settings.ts';
import { definitionsDigest } from '../lib/config/definitions-digest.ts';
import { definitionsOf } from '../lib/config/policy.ts';
import type { Configuration } from '../lib/config/schema.ts';
import { adminAccessOf } from './admin-access.ts';
import { lengthText } from './output.ts';

/** What keyguard.json calls each variable, and what it says of it. */
function wanted(configuration: Configuration): Readonly<Partial<Record<VariableName, readonly [field: string, value: string]>>> {
  const { installation, anthropic, alerts, detection } = configuration;
  const secrets = credentialVariablesOf(channelSecretsOf(installation, alerts));
  return {
    installation: ['installation', installation],
    anthropicBaseUrl: ['anthropic.baseUrl', anthropic.baseUrl],
    organizationId: ['anthropic.organizationId', anthropic.organizationId],
    adminAccess: ['anthropic.adminAccess', JSON.stringify(adminAccessOf(installation, anthropic.adminAccess))],
    falseAlarmsPerMonth: ['detection.falseAlarmsPerMonth', String(detection.falseAlarmsPerMonth)],
    definitionsDigest: ['managedKeys, detection.timeZone or usage.heartbeat', definitionsDigest(definitionsOf(configuration))],
    ...Object.fromEntries(
      postedChannels
        .map((kind) => [credentialVariable(kind), channels[kind].setting] as const)
        .map(([variable, setting]) => [variable, [`alerts.${setting}`, secrets[variable]] as const]),
    ),
  };
}

/** The fields of keyguard.json that a function does not work with. */
export function settingsThatDiffer(
  name: FunctionName,
  environment: FunctionSettings['environment'],
  configuration: Configuration,
): readonly string[] {
  const says = wanted(configuration);
  return environmentOf[name].flatMap((variable) => {
    const [field, value] = says[variable] ?? [];
    return field === undefined || (environment[variables[variable]] ?? '') === value ? [] : [field];
  });
}

/** In which fields the managed keys of keyguard.json are others than those that are deployed, each in plain words. */
export function definitionsThatDiffer(deployed: Definitions, file: Definitions): readonly string[] {
  const names = [...new Set([...deployed.managedKeys, ...file.managedKeys].map(({ name }) => name))].sort();
  const keys = names.flatMap((name) => {
    const [there, here] = [deployed, file].map(({ managedKeys }) => managedKeys.find((key) => key.name === name));
    if (there === undefined) return [`${name} is not deployed yet`];
    if (here === undefined) return [`${name} is deployed, and not in the file`];
    return fieldsThatDiffer(name, there, here);
  });
  const [there, here] = [deployed, file].map(({ timeZone }) => ({ timeZone }));
  return [
    ...keys,
    ...fieldsThatDiffer('detection', there ?? {}, here ?? {}),
    ...fieldsThatDiffer('usage.heartbeat', deployed.heartbeat ?? {}, file.heartbeat ?? {}),
  ];
}

function fieldsThatDiffer(path: string, there: object, here: object): readonly string[] {
  return [...new Set([...Object.keys(there), ...Object.keys(here)])].sort().flatMap((field) => {
    const a: unknown = Reflect.get(there, field);
    const b: unknown = Reflect.get(here, field);
    if (a instanceof Object && b instanceof Object) return fieldsThatDiffer(`${path}.${field}`, a, b);
    const name = field.replace(/Ms$/, '');
    return a === b ? [] : [`${path}.${name} is ${fieldText(field, a)} there and ${fieldText(field, b)} in the file`];
  });
}

function fieldText(field: string, value: unknown): string {
  if (value === undefined) return 'nothing';
  return field.endsWith('Ms') && typeof value === 'number' ? lengthText(value) : JSON.stringify(value);
}
