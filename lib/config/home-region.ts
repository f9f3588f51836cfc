import { isOfPartitionOf } from './operators.ts';
import type { Problem } from './problem.ts';
import { partitionOf } from './regions.ts';
import type { Configuration, ManagedKeyConfiguration } from './schema.ts';

/** What of a configuration lets nobody in, or cannot be deployed in this Region. */
export function problemsAtHome(
  { managedKeys, operators }: Pick<Configuration, 'managedKeys' | 'operators'>,
  home: string,
): readonly Problem[] {
  return [...homeRegionProblems(managedKeys, home), ...foreignOperators(operators, home)];
}

/** What of these managed keys cannot be deployed in this Region. A Region that this version does not know is not judged. */
export function homeRegionProblems(managedKeys: readonly ManagedKeyConfiguration[], home: string): readonly Problem[] {
  const partition = partitionOf(home);
  if (partition === undefined) return [];
  return managedKeys.flatMap(({ replicas }, key) =>
    replicas.flatMap(({ region }, index) => {
      const at = { path: `managedKeys[${key}].replicas[${index}].region`, value: JSON.stringify(region) };
      if (region === home) return [{ ...at, problem: 'is the Region of the deployment, where the secret itself is', fix: 'Leave it out.' }];
      if (partitionOf(region) === partition) return [];
      const problem = `lies in another partition of AWS than ${home}, and nothing is copied between partitions`;
      return [{ ...at, problem, fix: `Give a Region of the partition ${partition}.` }];
    }),
  );
}

/** The operators that no account of this Region's partition can have. */
function foreignOperators(operators: readonly string[], home: string): readonly Problem[] {
  return operators.flatMap((arn, index) => {
    if (isOfPartitionOf(home, arn)) return [];
    const problem = `lies in another partition of AWS than ${home}, and lets nobody in`;
    return [
      { path: `operators[${index}]`, value: JSON.stringify(arn), problem, fix: `Give a role of the partition ${partitionOf(home) ?? ''}.` },
    ];
  });
}
