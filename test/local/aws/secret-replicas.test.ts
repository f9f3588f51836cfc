import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  ReplicateSecretToRegionsCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { ReplicaRegionType } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { aws, MINUTE, refusal, token } from './clients.ts';
import type { Clients } from './clients.ts';
import { rotate, withRotator } from './rotator.ts';

const [IRELAND, OHIO] = ['eu-west-1', 'us-east-2'];
const SECOND = 1000;
const DEFAULT_KEY = 'alias/aws/secretsmanager';

/** A secret with one version and these replicas, none of which has arrived. */
async function withReplicas(...regions: string[]): Promise<Clients> {
  const clients = await aws();
  await clients.secrets.send(
    new CreateSecretCommand({
      Name: 'key',
      SecretString: 'a',
      ClientRequestToken: token('a'),
      AddReplicaRegions: regions.map((Region) => ({ Region })),
    }),
  );
  return clients;
}
const arrived = async (...regions: string[]): Promise<Clients> => {
  const clients = await withReplicas(...regions);
  clients.clock.advance(5 * SECOND);
  return clients;
};
const put = ({ secrets }: Clients, letter: string, stages?: string[]) =>
  secrets.send(
    new PutSecretValueCommand({
      SecretId: 'key',
      SecretString: letter,
      ClientRequestToken: token(letter),
      ...(stages === undefined ? {} : { VersionStages: stages }),
    }),
  );
const replicate = ({ secrets }: Clients, regions: readonly ReplicaRegionType[], overwrite?: true) =>
  secrets.send(
    new ReplicateSecretToRegionsCommand({
      SecretId: 'key',
      AddReplicaRegions: [...regions],
      ...(overwrite === undefined ? {} : { ForceOverwriteReplicaSecret: overwrite }),
    }),
  );
const describeKey = ({ secrets }: Clients) => secrets.send(new DescribeSecretCommand({ SecretId: 'key' }));
const statuses = async (clients: Clients) =>
  Object.fromEntries(((await describeKey(clients)).ReplicationStatus ?? []).map(({ Region = '', Status }) => [Region, Status]));
const served = (clients: Clients) =>
  Object.fromEntries(clients.aws.inspect.secrets.replicas('key').map(({ region, current }) => [region, current?.slice(-1)]));

describe('a replica', () => {
  test('of a new secret is in progress at first and in sync some seconds later', async () => {
    const clients = await aws();
    const created = await clients.secrets.send(
      new CreateSecretCommand({
        Name: 'key',
        SecretString: 'a',
        AddReplicaRegions: [{ Region: IRELAND }, { Region: OHIO, KmsKeyId: 'alias/own' }],
      }),
    );
    expect(created.ReplicationStatus).toEqual([
      { Region: IRELAND, KmsKeyId: DEFAULT_KEY, Status: 'InProgress' },
      { Region: OHIO, KmsKeyId: 'alias/own', Status: 'InProgress' },
    ]);
    clients.clock.advance(5 * SECOND);
    expect(await describeKey(clients)).toMatchObject({
      PrimaryRegion: 'us-east-1',
      ReplicationStatus: [
        { Region: IRELAND, KmsKeyId: DEFAULT_KEY, Status: 'InSync', StatusMessage: 'Replication succeeded' },
        { Region: OHIO, KmsKeyId: 'alias/own', Status: 'InSync', StatusMessage: 'Replication succeeded' },
      ],
    });
  });

  test('is added to a secret that exists; a secret without one shows none', async () => {
    const clients = await withReplicas();
    const plain = await describeKey(clients);
    expect(plain.ReplicationStatus).toBeUndefined();
    expect(plain.PrimaryRegion).toBeUndefined();
    const added = await replicate(clients, [{ Region: IRELAND }, { Region: OHIO }]);
    expect(added.ARN).toBe(plain.ARN);
    expect(added.ReplicationStatus).toHaveLength(2);
    clients.clock.advance(5 * SECOND);
    expect(served(clients)).toEqual({ [IRELAND]: 'a', [OHIO]: 'a' });
  });

  test('serves the old version until the write has arrived', async () => {
    const clients = await arrived(IRELAND);
    await put(clients, 'b');
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'InProgress' });
    expect(served(clients)).toEqual({ [IRELAND]: 'a' });
    clients.clock.advance(5 * SECOND);
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'InSync' });
    expect(served(clients)).toEqual({ [IRELAND]: 'b' });
  });

  test('follows a label that moves, and nothing that changes no version', async () => {
    const clients = await arrived(IRELAND);
    await put(clients, 'b', ['BLUE']);
    clients.clock.advance(5 * SECOND);
    await clients.secrets.send(new PutResourcePolicyCommand({ SecretId: 'key', ResourcePolicy: '{}' }));
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'InSync' });
    await clients.secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: 'key',
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: token('b'),
        RemoveFromVersionId: token('a'),
      }),
    );
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'InProgress' });
    clients.clock.advance(5 * SECOND);
    expect(served(clients)).toEqual({ [IRELAND]: 'b' });
  });

  test('gets what a rotation wrote', async () => {
    const rotator = await withRotator();
    await replicate(rotator, [{ Region: IRELAND }]);
    rotator.clock.advance(5 * SECOND);
    await rotate(rotator, '1');
    // AWSPENDING is on an empty version: there is nothing to copy yet.
    expect(await statuses(rotator)).toEqual({ [IRELAND]: 'InSync' });
    await rotator.aws.settle();
    expect(await statuses(rotator)).toEqual({ [IRELAND]: 'InProgress' });
    rotator.clock.advance(5 * SECOND);
    expect(served(rotator)).toEqual({ [IRELAND]: '1' });
  });

  test('of an empty secret is in sync with nothing', async () => {
    const clients = await aws();
    await clients.secrets.send(new CreateSecretCommand({ Name: 'key', AddReplicaRegions: [{ Region: IRELAND }] }));
    clients.clock.advance(5 * SECOND);
    expect(clients.aws.inspect.secrets.replicas('key')).toEqual([{ region: IRELAND, status: 'InSync' }]);
    await put(clients, 'a');
    clients.clock.advance(5 * SECOND);
    expect(served(clients)).toEqual({ [IRELAND]: 'a' });
  });

  test('keeps its secret from being deleted, and shows its primary Region', async () => {
    const clients = await arrived(IRELAND, OHIO);
    const { ARN: arn, PrimaryRegion: primary } = await describeKey(clients);
    expect(primary).toBe('us-east-1');
    const remove = clients.secrets.send(new DeleteSecretCommand({ SecretId: 'key', ForceDeleteWithoutRecovery: true }));
    expect(await refusal(remove)).toBe(
      `InvalidParameterException: You can't delete secret ${arn} that still has replica regions [eu-west-1, us-east-2].`,
    );
  });
});

describe('refused', () => {
  test.each<[string, ReplicaRegionType[]]>([
    ['the Region of the primary', [{ Region: 'us-east-1' }]],
    ['the same Region twice', [{ Region: OHIO }, { Region: OHIO }]],
    ['a Region that has a replica', [{ Region: IRELAND }]],
    ['what is no Region', [{ Region: 'Ireland' }]],
    ['no name of a Region', [{ KmsKeyId: 'alias/own' }]],
  ])('%s', async (_what, regions) => {
    const clients = await arrived(IRELAND);
    expect(await refusal(replicate(clients, regions))).toBe('InvalidParameterException: Invalid replica region.');
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'InSync' });
  });

  test('an empty list', async () => {
    expect(await refusal(replicate(await arrived(IRELAND), []))).toContain('ValidationException');
  });

  test('a new secret with its own Region, which is then not created', async () => {
    const clients = await aws();
    const create = clients.secrets.send(new CreateSecretCommand({ Name: 'key', AddReplicaRegions: [{ Region: 'us-east-1' }] }));
    expect(await refusal(create)).toBe('InvalidParameterException: Invalid replica region.');
    expect(clients.aws.inspect.secrets.names()).toEqual([]);
  });
});

describe('on the way', () => {
  test('one Region can lag while another is in sync; what is under way comes when the lag ends', async () => {
    const clients = await arrived(IRELAND, OHIO);
    clients.aws.replicas.lag(IRELAND, Infinity);
    await put(clients, 'b');
    clients.clock.advance(60 * MINUTE);
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'InProgress', [OHIO]: 'InSync' });
    expect(served(clients)).toEqual({ [IRELAND]: 'a', [OHIO]: 'b' });
    clients.aws.replicas.lag(IRELAND, 90 * MINUTE);
    clients.clock.advance(30 * MINUTE);
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'InSync', [OHIO]: 'InSync' });
    expect(served(clients)).toEqual({ [IRELAND]: 'b', [OHIO]: 'b' });
  });

  test('what arrived before a lag or a failure was set stays arrived', async () => {
    const clients = await arrived(IRELAND, OHIO);
    clients.aws.replicas.lag(IRELAND, 60 * MINUTE);
    clients.aws.replicas.fail(OHIO, 'broken');
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'InSync', [OHIO]: 'InSync' });
  });

  test('a write that fails leaves the replica with the old version; the next write tries again', async () => {
    const clients = await arrived(IRELAND);
    clients.aws.replicas.fail(IRELAND, 'The KMS key is disabled');
    await put(clients, 'b');
    clients.clock.advance(5 * SECOND);
    expect((await describeKey(clients)).ReplicationStatus).toEqual([
      { Region: IRELAND, KmsKeyId: DEFAULT_KEY, Status: 'Failed', StatusMessage: 'The KMS key is disabled' },
    ]);
    expect(served(clients)).toEqual({ [IRELAND]: 'a' });
    clients.aws.replicas.recover(IRELAND);
    clients.clock.advance(MINUTE);
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'Failed' });
    await put(clients, 'c');
    clients.clock.advance(5 * SECOND);
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'InSync' });
    expect(served(clients)).toEqual({ [IRELAND]: 'c' });
  });

  test('a failed replica is tried again by naming its Region again', async () => {
    const clients = await arrived(IRELAND);
    clients.aws.replicas.fail(IRELAND, 'broken');
    await put(clients, 'b');
    clients.clock.advance(5 * SECOND);
    clients.aws.replicas.recover(IRELAND);
    expect((await replicate(clients, [{ Region: IRELAND }])).ReplicationStatus).toMatchObject([{ Status: 'InProgress' }]);
    clients.clock.advance(5 * SECOND);
    expect(served(clients)).toEqual({ [IRELAND]: 'b' });
  });

  test('a secret of the same name in the Region is in the way of every try until it may be overwritten', async () => {
    const clients = await withReplicas();
    clients.aws.replicas.occupy(IRELAND, 'key');
    await replicate(clients, [{ Region: IRELAND }]);
    clients.clock.advance(5 * SECOND);
    const failed = { Region: IRELAND, Status: 'Failed', StatusMessage: 'Secret with this name already exists in this region' };
    expect((await describeKey(clients)).ReplicationStatus).toMatchObject([failed]);
    // There is no replica that a write could reach.
    await put(clients, 'b');
    expect(await statuses(clients)).toEqual({ [IRELAND]: 'Failed' });
    await replicate(clients, [{ Region: IRELAND }]);
    clients.clock.advance(5 * SECOND);
    expect(clients.aws.inspect.secrets.replicas('key')).toEqual([{ region: IRELAND, status: 'Failed' }]);
    await replicate(clients, [{ Region: IRELAND }], true);
    clients.clock.advance(5 * SECOND);
    expect(served(clients)).toEqual({ [IRELAND]: 'b' });
  });
});
