import { channels, postedChannels, type FunctionName, type PostedChannel, type PostedSetting } from './registry.ts';

/**
 * Names follow from the installation and the managed key, so that nothing that others can write has to say which resource is
 * whose. No secret's name ends in a hyphen and six characters, which Secrets Manager could take for the end of an ARN:
 * docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html
 */
export interface ManagedKeySecrets {
  /** Consumers read AWSCURRENT here. */
  readonly secretName: string;
  /** Holds the standby keys. */
  readonly standbySecretName: string;
}

export function secretsOf(installation: string, managedKey: string): ManagedKeySecrets {
  return { secretName: `${installation}/${managedKey}/consumers`, standbySecretName: `${installation}/${managedKey}/standby` };
}

export function adminKeySecretName(installation: string): string {
  return `${installation}/admin-key`;
}

export function channelSecretName(installation: string, kind: PostedChannel): string {
  return `${installation}/${kind}`;
}

export type ChannelSecrets = ReadonlyMap<PostedChannel, string>;

/** The secrets of the channels that `alerts` of a configuration turns on. */
export function channelSecretsOf(installation: string, alerts: Readonly<Partial<Record<PostedSetting, unknown>>>): ChannelSecrets {
  const turnedOn = postedChannels.filter((kind) => alerts[channels[kind].setting] !== undefined);
  return new Map(turnedOn.map((kind) => [kind, channelSecretName(installation, kind)]));
}

export function deployedFunctionName(installation: string, name: FunctionName): string {
  return `${installation}-${name}`;
}

export function alertTopicName(installation: string): string {
  return `${installation}-alerts`;
}

/** Where CloudWatch says that Key Guard itself is in trouble. */
export function alarmTopicName(installation: string): string {
  return `${installation}-alarms`;
}

/** Whose secrets these are: of a partition, a Region and an account, as in an ARN. */
export interface Home {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** Where the resource of this ARN lives; undefined for text that is no ARN. */
export function homeOf(arn: string): Home | undefined {
  const [arnWord, partition = '', , region = '', account = ''] = arn.split(':');
  return arnWord === 'arn' && partition !== '' && region !== '' && account !== '' ? { partition, region, account } : undefined;
}

/** Whether `arn` is the ARN of the secret of this name at home: Secrets Manager adds a hyphen and six characters to the name. */
export function isArnOf(name: string, arn: string, home: Home): boolean {
  const begin = `arn:${home.partition}:secretsmanager:${home.region}:${home.account}:secret:${name}-`;
  return arn.startsWith(begin) && /^[A-Za-z0-9]{6}$/.test(arn.slice(begin.length));
}
