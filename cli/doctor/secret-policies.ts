import { deployedFunctionName } from '../../contract/names.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import { channels, hasPool, type FunctionName } from '../../contract/registry.ts';
import { adminKeyReaders, consumerGrants, standbyGrants, type SecretGrants } from '../../contract/secret-grants.ts';
import { lambda } from '../../lambda/adapters/aws/clients.ts';
import { roleOf } from '../../lambda/adapters/aws/function-settings.ts';
import { secretPolicy } from '../../lambda/adapters/aws/secret-policy.ts';
import { KeyguardError } from '../../lambda/foundation/errors.ts';
import type { OpenInstallation } from '../installation.ts';
import { broken, checked, good, type Answer, type Check } from './check.ts';
import { deniesAllBut, notAllowed } from './policies.ts';

/** Of the functions that are there: which are missing is another check. */
type Roles = ReadonlyMap<FunctionName, string>;

const trail = 'CloudTrail has who changed it (PutResourcePolicy, DeleteResourcePolicy), and who read since (GetSecretValue)';
const writingActions = ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'];

/** Whether each secret's own policy is as the stack wrote it: it keeps others out, and lets the functions in. No value is read. */
export async function secretPolicyChecks(
  about: string,
  definitions: readonly ManagedKeyDefinition[],
  installation: OpenInstallation,
): Promise<readonly Check[]> {
  const { definition, configuration, secrets } = installation;
  const { adminAccess, channelSecrets } = definition;
  const roles = new Map<FunctionName, string>();
  const known = await checked(about, 'roles of functions', async () => {
    for (const name of [...adminKeyReaders, 'notifier'] as const) {
      const role = await roleIfThere(deployedFunctionName(configuration.installation, name));
      if (role !== undefined) roles.set(name, role);
    }
    return [];
  });
  const policyOf = (secretName: string): Promise<unknown> => secretPolicy(secrets, secretName);
  const guarded = (check: string, name: string, readers: readonly FunctionName[]): Promise<readonly Check[]> =>
    checked(about, check, async () => guardedAnswer(name, await policyOf(name), readers, roles, configuration.operators));
  const checks = [
    ...(adminAccess.kind === 'key' ? [guarded('policy of the Admin key', adminAccess.secretName, adminKeyReaders)] : []),
    ...[...channelSecrets].map(([kind, secretName]) =>
      guarded(`policy of ${channels[kind].name}'s ${channels[kind].credential.noun}`, secretName, ['notifier']),
    ),
    ...definitions.map(({ name, secretName }) =>
      checked(name, 'consumer secret', async () => letInAnswer(secretName, await policyOf(secretName), consumerGrants, roles)),
    ),
    ...definitions
      .filter(({ rotation }) => hasPool(rotation.strategy))
      .map(({ name, standbySecretName }) =>
        checked(name, 'standby secret', async () => standbyAnswer(standbySecretName, await policyOf(standbySecretName), roles)),
      ),
  ];
  return [...known, ...(await Promise.all(checks)).flat()];
}

async function roleIfThere(functionName: string): Promise<string | undefined> {
  try {
    return await roleOf(lambda(), functionName);
  } catch (error) {
    if (error instanceof KeyguardError && error.code === 'function-missing') return undefined;
    throw error;
  }
}

function guardedAnswer(
  secretName: string,
  policy: unknown,
  readers: readonly FunctionName[],
  roles: Roles,
  operators: readonly string[],
): Answer | readonly Answer[] {
  const arns = readers.flatMap((name) => roles.get(name) ?? []);
  // Whom else it should exempt is not known while a function is missing.
  if (arns.length < readers.length) return [];
  if (!deniesAllBut(policy, [...arns, ...operators]))
    return tampered(
      secretName,
      'does not refuse to be read by everybody but the functions that need it and the operators of keyguard.json',
      'OnlyFunctionsAndOperatorsRead',
    );
  if (operators.length > 0 && !deniesAllBut(policy, operators, writingActions))
    return tampered(secretName, 'does not refuse to be written by everybody but the operators of keyguard.json', 'OnlyOperatorsWrite');
  return good(`nobody but functions and operators may read ${secretName}`);
}

function standbyAnswer(secretName: string, policy: unknown, roles: Roles): Answer | readonly Answer[] {
  const role = roles.get('rotation');
  if (role === undefined) return [];
  if (!deniesAllBut(policy, [role]))
    return tampered(secretName, `does not refuse to be read by everybody but ${role}`, 'OnlyTheRotationReads');
  const letIn = letInAnswer(secretName, policy, standbyGrants, roles);
  return letIn.state === 'ok' ? good('nobody but the rotation function may read its standby keys') : letIn;
}

function tampered(secretName: string, how: string, statement: string): Answer {
  return broken(
    `${secretName} ${how}`,
    `put the statement ${statement} back into its resource policy as npx cdk synth shows it, or deploy what keyguard.json says: npx cdk deploy --revert-drift; ${trail}`,
  );
}

function letInAnswer(secretName: string, policy: unknown, grants: SecretGrants, roles: Roles): Answer {
  const missing = (['rotation', 'retirement', 'anomaly-detector'] as const).flatMap((name) => {
    const role = roles.get(name);
    const actions = grants[name].map((action) => `secretsmanager:${action}`);
    const lacks = role === undefined ? [] : notAllowed(policy, role, actions);
    return lacks.length === 0 ? [] : [`${role} ${lacks.join(', ')}`];
  });
  if (missing.length === 0) return good('its policy lets the functions in that need it');
  return broken(
    `the policy of ${secretName} no longer allows: ${missing.join('; ')}`,
    `put its statements back as npx cdk synth shows them: npx cdk deploy --revert-drift; ${trail}`,
  );
}
