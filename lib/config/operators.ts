import { partitionOf, regionsByPartition } from './regions.ts';

/** Why a text of the list `operators` would let nobody in, and what to give. */
export interface OperatorProblem {
  readonly index: number;
  readonly problem: string;
  readonly fix: string;
}

/** A role or user, with its path. */
export const operatorPattern = /^arn:([a-z-]+):iam::([0-9]{12}):(role|user)\/((?:[\w+=,.@-]+\/)*)([\w+=,.@-]+)$/;
export const giveOperatorArn = 'Give arn:aws:iam::ACCOUNT:role/NAME with its path, and no session (assumed-role) and no *.';

/** What is wrong with the operators by themselves. Runs on what may be wrong in any other way: a list, or not. */
export function operatorProblems(operators: unknown): readonly OperatorProblem[] {
  if (!Array.isArray(operators)) return [];
  return operators.flatMap((arn: unknown, index) => {
    if (typeof arn !== 'string') return [];
    const said = operators.indexOf(arn) < index ? (['is named twice', 'Give each operator once.'] as const) : whyNobody(arn);
    return said === undefined ? [] : [{ index, problem: said[0], fix: said[1] }];
  });
}

function whyNobody(arn: string): readonly [string, string] | undefined {
  const [, partition, account, kind, path = '', name = ''] = operatorPattern.exec(arn) ?? [];
  // Told by the pattern.
  if (partition === undefined) return undefined;
  if (!Object.hasOwn(regionsByPartition, partition)) return [`names a partition that AWS does not have (${partition})`, giveOperatorArn];
  if (account === '000000000000') return ['names an account that there cannot be', giveOperatorArn];
  // IAM's quotas: docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  if (name.length > 64) return ['has a name of more than 64 characters, which IAM does not allow', giveOperatorArn];
  if (path.length > 511) return ['has a path of more than 512 characters, which IAM does not allow', giveOperatorArn];
  if (kind === 'role' && name.startsWith('AWSReservedSSO_') && !path.startsWith('aws-reserved/sso.amazonaws.com/')) {
    return [
      'is a role of IAM Identity Center without its path, and lets nobody in',
      `Give what this prints: aws iam get-role --role-name ${name} --query Role.Arn --output text`,
    ];
  }
  return undefined;
}

/** Whether a role or user of this ARN can be one where the deployment goes. */
export function isOfPartitionOf(region: string, arn: string): boolean {
  const home = partitionOf(region);
  return home === undefined || arn.split(':')[1] === home;
}
