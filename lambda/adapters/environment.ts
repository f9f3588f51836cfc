import { credentialVariable, environmentOf, variables, type AdminAccess, type VariableName } from '../../contract/environment.ts';
import { postedChannels, type FunctionName } from '../../contract/registry.ts';
import { KeyguardError } from '../foundation/errors.ts';
import { checkProxies } from './proxy.ts';

export type Environment<N extends FunctionName> = Readonly<Record<(typeof environmentOf)[N][number], string>>;

/** Without a dashboard, and for a channel that is not turned on, these are not set; they read as empty. No function reads the digest. */
const optional: readonly VariableName[] = [...postedChannels.map(credentialVariable), 'dashboardUrl', 'definitionsDigest'];

/** The variables of one function; throws KeyguardError naming all that are missing, or the proxy that cannot be used. */
export function readEnvironment<N extends FunctionName>(name: N, env: Readonly<Record<string, string | undefined>>): Environment<N> {
  checkProxies(env);
  const wanted: readonly VariableName[] = environmentOf[name];
  const missing = wanted.filter((variable) => !optional.includes(variable) && (env[variables[variable]] ?? '') === '');
  if (missing.length > 0) {
    const names = missing.map((variable) => variables[variable]).join(', ');
    throw new KeyguardError('environment-incomplete', `${name}: ${names} not set`, 'deploy the function with the KeyGuard constructs');
  }
  const read: Record<string, string> = Object.fromEntries(wanted.map((variable) => [variable, env[variables[variable]] ?? '']));
  if (hasAll(read, wanted)) return read;
  throw new KeyguardError('environment-incomplete', `${name}: environment not readable`, 'deploy again');
}

function hasAll<K extends string>(record: Readonly<Record<string, string>>, names: readonly K[]): record is Readonly<Record<K, string>> {
  return names.every((name) => name in record);
}

export function readAdminAccess(json: string): AdminAccess {
  const value: unknown = JSON.parse(json);
  if (value instanceof Object) {
    const text = (name: string): string => {
      const field: unknown = Reflect.get(value, name);
      return typeof field === 'string' ? field : '';
    };
    if (text('kind') === 'key' && text('secretName') !== '') return { kind: 'key', secretName: text('secretName') };
    if (text('kind') === 'federation' && text('federationRuleId') !== '') {
      return {
        kind: 'federation',
        federationRuleId: text('federationRuleId'),
        serviceAccountId: text('serviceAccountId'),
        audience: text('audience'),
      };
    }
  }
  throw new KeyguardError('environment-incomplete', `${variables.adminAccess} is not understood`, 'deploy again');
}
