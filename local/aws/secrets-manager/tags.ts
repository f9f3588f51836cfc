import { AwsError } from '../service.ts';

/**
 * Refuses what only AWS itself writes, edits or takes off: docs.aws.amazon.com/secretsmanager/latest/apireference/API_Tag.html. Which of its
 * errors Secrets Manager answers with is not documented.
 */
export function checkTagKeys(keys: readonly string[]): void {
  if (keys.some((key) => key.toLowerCase().startsWith('aws:')))
    throw new AwsError('InvalidParameterException', 'aws: prefixed tag key names are not allowed for external use.');
}
