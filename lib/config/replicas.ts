import { partitionOf } from './regions.ts';

/** What is wrong with one field of one replica. */
export interface ReplicaProblem {
  readonly index: number;
  readonly field: 'region' | 'encryptionKeyArn';
  readonly problem: string;
  readonly fix: string;
}

/** What fails in a deployment, as far as the replicas by themselves say. Runs on what may be wrong in any other way: a list, or not. */
export function replicaProblems(replicas: unknown): readonly ReplicaProblem[] {
  if (!Array.isArray(replicas)) return [];
  const regions = replicas.map((replica) => text(replica, 'region'));
  const partition = regions.map((region) => region && partitionOf(region)).find((each) => each !== undefined);
  return replicas.flatMap((replica, index) => {
    const region = regions[index];
    if (region === undefined) return [];
    const refuse = (field: ReplicaProblem['field'], problem: string, fix: string): ReplicaProblem => ({ index, field, problem, fix });
    const own = partitionOf(region);
    const keyArn = text(replica, 'encryptionKeyArn');
    return [
      // Secrets Manager refuses the same Region twice.
      ...(regions.indexOf(region) < index ? [refuse('region', 'is named twice', 'Give each Region once.')] : []),
      ...(own !== undefined && own !== partition
        ? [
            refuse(
              'region',
              'lies in another partition of AWS than an earlier Region',
              'Give Regions of one partition: nothing is copied between two.',
            ),
          ]
        : []),
      ...(keyArn === undefined || own === undefined || isKeyOf(region, own, keyArn)
        ? []
        : [refuse('encryptionKeyArn', `is no key of ${region}`, `Give the ARN of a key there: arn:${own}:kms:${region}:ACCOUNT:key/ID.`)]),
    ];
  });
}

/** An ARN that is none is told by its own rule. */
function isKeyOf(region: string, partition: string, arn: string): boolean {
  const [word, arnPartition, service, arnRegion] = arn.split(':');
  return word !== 'arn' || service !== 'kms' || (arnPartition === partition && arnRegion === region);
}

function text(value: unknown, field: string): string | undefined {
  const found: unknown = value instanceof Object ? Reflect.get(value, field) : undefined;
  return typeof found === 'string' ? found : undefined;
}
