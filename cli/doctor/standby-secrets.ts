import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import { lambda } from '../../lambda/adapters/aws/clients.ts';
import { roleOf } from '../../lambda/adapters/aws/function-settings.ts';
import { secretPolicy } from '../../lambda/adapters/aws/secret-policy.ts';
import type { OpenInstallation } from '../installation.ts';
import { broken, checked, good, type Check } from './check.ts';
import { deniesAllBut } from './policies.ts';

/** Whether each standby secret still refuses to be read by everybody but the rotation function. No value is read. */
export async function standbySecretChecks(
  definitions: readonly ManagedKeyDefinition[],
  { definition, secrets }: OpenInstallation,
): Promise<readonly Check[]> {
  const { rotation } = definition.functions;
  if (rotation === '') return [];
  const client = lambda();
  const checks = definitions.map(({ name, standbySecretName }) =>
    checked(name, 'standby secret', async () => {
      const [policy, role] = await Promise.all([secretPolicy(secrets, standbySecretName), roleOf(client, rotation)]);
      if (deniesAllBut(policy, role)) return good('nobody but the rotation function may read its standby keys');
      return broken(
        `${standbySecretName} does not refuse to be read by everybody but ${role}`,
        'put the statement OnlyTheRotationReads back into its resource policy as npx cdk synth shows it; CloudTrail has who took it ' +
          'away (PutResourcePolicy, DeleteResourcePolicy), and who read since (GetSecretValue)',
      );
    }),
  );
  return (await Promise.all(checks)).flat();
}
