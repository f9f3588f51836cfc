import { environmentOf } from './environment.ts';
import { functionNames, type FunctionName } from './registry.ts';

/** What functions may do with a managed key's secret: stands in that secret's own policy. */
export type SecretGrants = Readonly<Record<'rotation' | 'retirement' | 'anomaly-detector', readonly string[]>>;

export const consumerGrants: SecretGrants = {
  rotation: ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'],
  // By version id, to prove an old value dead; and rotations that failed or were asked for are started again.
  retirement: ['DescribeSecret', 'GetSecretValue', 'ListSecretVersionIds', 'RotateSecret'],
  // The same after containment; before it, a rotation puts another key in the place of the one to cut.
  'anomaly-detector': ['DescribeSecret', 'GetSecretValue', 'RotateSecret'],
};

export const standbyGrants: SecretGrants = {
  // Labels of used keys are taken off: a secret carries 20 at the most.
  rotation: ['DescribeSecret', 'GetSecretValue', 'UpdateSecretVersionStage'],
  // Its labels say which standby keys are ours, before the status of one is changed.
  retirement: ['DescribeSecret'],
  'anomaly-detector': ['DescribeSecret'],
};

/** Who reads the Admin key, where one is kept. */
export const adminKeyReaders: readonly FunctionName[] = functionNames.filter((name) =>
  environmentOf[name].some((variable) => variable === 'adminAccess'),
);
