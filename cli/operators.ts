import { warning, type Answer } from './doctor/check.ts';

const giveArn = 'give the ARN that this prints: aws iam get-role --role-name NAME --query Role.Arn --output text';

/**
 * Which operators of the configuration let nobody in, and whether who asks is one of them. `caller` is the ARN that AWS tells
 * everybody of themselves: of a role it names a session, and no path.
 */
export function operatorAnswers(operators: readonly string[], caller: string): readonly Answer[] {
  if (operators.length === 0) return [];
  const account = accountIn(caller) ?? '';
  const foreign = operators.filter((arn) => accountIn(arn) !== account);
  return [
    ...foreign.map((arn) =>
      warning(`operator ${arn} is not of account ${account}, so that it may do nothing with the secrets here`, giveArn),
    ),
    ...(operators.some((arn) => isSame(arn, caller))
      ? []
      : [
          warning(
            `you (${caller}) are not in "operators" of keyguard.json: after the deployment you cannot store the Admin key, nor run doctor or standby add`,
            'add the ARN of your role with its path, or use one of those roles',
          ),
        ]),
  ];
}

function isSame(operator: string, caller: string): boolean {
  if (operator === caller) return true;
  const [session, name] = (caller.split(':')[5] ?? '').split('/');
  const [kind, ...path] = (operator.split(':')[5] ?? '').split('/');
  return session === 'assumed-role' && kind === 'role' && path.at(-1) === name && accountIn(operator) === accountIn(caller);
}

function accountIn(arn: string): string | undefined {
  return arn.split(':')[4];
}
