import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { PutSecretValueCommandInput } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { aws, DAY, refusal, token } from './clients.ts';
import type { Clients } from './clients.ts';

async function withSecret(text?: string): Promise<Clients> {
  const clients = await aws();
  await clients.secrets.send(
    new CreateSecretCommand({ Name: 'team/key', ClientRequestToken: token('a'), ...(text === undefined ? {} : { SecretString: text }) }),
  );
  return clients;
}
const put = (clients: Clients, letter: string, text: string, stages?: string[]) =>
  clients.secrets.send(
    new PutSecretValueCommand({
      SecretId: 'team/key',
      ClientRequestToken: token(letter),
      SecretString: text,
      ...(stages === undefined ? {} : { VersionStages: stages }),
    }),
  );
const read = async (clients: Clients, where: { VersionId?: string; VersionStage?: string } = {}) =>
  (await clients.secrets.send(new GetSecretValueCommand({ SecretId: 'team/key', ...where }))).SecretString;
const labels = async (clients: Clients) =>
  (await clients.secrets.send(new DescribeSecretCommand({ SecretId: 'team/key' }))).VersionIdsToStages;

describe('creating', () => {
  test('a secret without a value has no version at all', async () => {
    const clients = await withSecret();
    expect(await labels(clients)).toBeUndefined();
    expect(clients.aws.inspect.secrets.versions('team/key')).toEqual([]);
    expect(await refusal(read(clients))).toBe(
      "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    );
  });

  test('a secret with a value has one version that is AWSCURRENT', async () => {
    const clients = await withSecret('one');
    expect(await labels(clients)).toEqual({ [token('a')]: ['AWSCURRENT'] });
    expect(await read(clients)).toBe('one');
  });

  test('creating again is a retry only with the same token and the same value', async () => {
    const clients = await withSecret('one');
    const create = (letter: string, text: string) =>
      clients.secrets.send(new CreateSecretCommand({ Name: 'team/key', ClientRequestToken: token(letter), SecretString: text }));
    expect((await create('a', 'one')).VersionId).toBe(token('a'));
    const taken = 'ResourceExistsException: The operation failed because the secret team/key already exists.';
    expect(await refusal(create('a', 'two'))).toBe(taken);
    expect(await refusal(create('b', 'one'))).toBe(taken);
  });

  test('a secret is found by name, by ARN and by ARN without its random suffix', async () => {
    const clients = await withSecret('one');
    const { ARN: arn = '' } = await clients.secrets.send(new DescribeSecretCommand({ SecretId: 'team/key' }));
    expect(arn).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:team\/key-[A-Za-z0-9]{6}$/);
    for (const id of ['team/key', arn, arn.slice(0, -7)]) {
      expect((await clients.secrets.send(new GetSecretValueCommand({ SecretId: id }))).SecretString).toBe('one');
    }
    const other = `${arn.slice(0, -6)}AAAAAA`;
    expect(await refusal(clients.secrets.send(new GetSecretValueCommand({ SecretId: other })))).toContain('ResourceNotFoundException');
  });
});

describe('writing', () => {
  test('a plain write moves AWSCURRENT and leaves AWSPREVIOUS behind, on one version only', async () => {
    const clients = await withSecret('one');
    await put(clients, 'b', 'two');
    expect(await labels(clients)).toEqual({ [token('a')]: ['AWSPREVIOUS'], [token('b')]: ['AWSCURRENT'] });
    await put(clients, 'c', 'three');
    expect(await labels(clients)).toEqual({ [token('b')]: ['AWSPREVIOUS'], [token('c')]: ['AWSCURRENT'] });
    expect(await read(clients, { VersionId: token('a') })).toBe('one');
  });

  test('the first version becomes AWSCURRENT whatever labels it is given', async () => {
    const clients = await withSecret();
    await put(clients, 'b', 'one', ['CANDIDATE']);
    expect(await labels(clients)).toEqual({ [token('b')]: ['AWSCURRENT', 'CANDIDATE'] });
  });

  test('a write with AWSPENDING leaves AWSCURRENT where it is', async () => {
    const clients = await withSecret('one');
    await put(clients, 'b', 'two', ['AWSPENDING']);
    expect(await labels(clients)).toEqual({ [token('a')]: ['AWSCURRENT'], [token('b')]: ['AWSPENDING'] });
    expect(await read(clients)).toBe('one');
    expect(await read(clients, { VersionStage: 'AWSPENDING' })).toBe('two');
  });

  test('custom labels move from the version that had them', async () => {
    const clients = await withSecret('one');
    await put(clients, 'b', 'two', ['BLUE']);
    await put(clients, 'c', 'three', ['BLUE']);
    expect(await labels(clients)).toEqual({ [token('a')]: ['AWSCURRENT'], [token('c')]: ['BLUE'] });
  });

  test('the same token with the same content changes nothing, with other content it is refused', async () => {
    const clients = await withSecret('one');
    await put(clients, 'b', 'two', ['BLUE']);
    const again = await put(clients, 'b', 'two');
    expect(again.VersionStages).toEqual(['BLUE']);
    expect(await read(clients)).toBe('one');
    const { ARN: arn } = await clients.secrets.send(new DescribeSecretCommand({ SecretId: 'team/key' }));
    expect(await refusal(put(clients, 'b', 'three'))).toBe(
      `ResourceExistsException: You can't use ClientRequestToken ${token('b')} because that value is already in use for a version of secret ${String(arn)}.`,
    );
  });

  test.each<[string, Partial<PutSecretValueCommandInput>, string]>([
    ['nothing', {}, 'InvalidRequestException: You must provide either SecretString or SecretBinary.'],
    ['bytes', { SecretBinary: new Uint8Array([1]) }, 'LocalAwsNotOffered'],
    [
      'more than 65,536 bytes',
      { SecretString: 'é'.repeat(32_769) },
      "ValidationException: 1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
    ],
    ['more than 20 labels', { SecretString: 'a', VersionStages: Array.from({ length: 21 }, (_, i) => `L${i}`) }, 'ValidationException'],
    ['no label', { SecretString: 'a', VersionStages: [] }, 'ValidationException'],
    ['a token that is too short', { SecretString: 'a', ClientRequestToken: 'short' }, 'InvalidParameterException'],
  ])('a write of %s is refused', async (_what, input, expected) => {
    const clients = await withSecret('one');
    expect(await refusal(clients.secrets.send(new PutSecretValueCommand({ SecretId: 'team/key', ...input })))).toContain(expected);
    expect(await labels(clients)).toEqual({ [token('a')]: ['AWSCURRENT'] });
  });

  test('a secret carries 20 labels over all its versions, those of AWS included', async () => {
    const clients = await withSecret('one');
    await put(clients, 'b', 'two');
    const labelsOf = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `L${from + index}`);
    await put(clients, 'c', 'three', labelsOf(0, 10));
    // AWSCURRENT, AWSPREVIOUS and ten of ours.
    expect(await refusal(put(clients, 'd', 'four', labelsOf(10, 19)))).toContain('LimitExceededException');
    expect(clients.aws.inspect.secrets.versions('team/key')).toHaveLength(3);
    await put(clients, 'd', 'four', labelsOf(10, 18));
    const move = (label: string, MoveToVersionId: string, RemoveFromVersionId?: string) =>
      clients.secrets.send(
        new UpdateSecretVersionStageCommand({
          SecretId: 'team/key',
          VersionStage: label,
          MoveToVersionId,
          ...(RemoveFromVersionId === undefined ? {} : { RemoveFromVersionId }),
        }),
      );
    expect(await refusal(move('one-more', token('d')))).toContain('LimitExceededException');
    await move('L0', token('d'), token('c'));
    expect((await labels(clients))?.[token('d')]).toHaveLength(9);
  });
});

describe('reading', () => {
  test('version id and label must belong together', async () => {
    const clients = await withSecret('one');
    await put(clients, 'b', 'two');
    expect(await read(clients, { VersionId: token('a'), VersionStage: 'AWSPREVIOUS' })).toBe('one');
    expect(await refusal(read(clients, { VersionId: token('a'), VersionStage: 'AWSCURRENT' }))).toBe(
      'InvalidRequestException: You provided a VersionStage that is not associated to the provided VersionId.',
    );
  });

  test.each([
    [{ VersionStage: 'AWSPENDING' }, 'staging label: AWSPENDING'],
    [{ VersionId: token('z') }, `VersionId: ${token('z')}`],
  ])('what is not there is named: %j', async (where, named) => {
    const clients = await withSecret('one');
    expect(await refusal(read(clients, where))).toBe(
      `ResourceNotFoundException: Secrets Manager can't find the specified secret value for ${named}`,
    );
  });

  test('a stale read answers with the state before the last write, for a while', async () => {
    const clients = await withSecret('one');
    clients.clock.advance(DAY);
    await put(clients, 'b', 'two');
    clients.aws.intercept.inject({ operation: 'GetSecretValue', fault: 'stale', times: 2 });
    expect(await read(clients)).toBe('one');
    clients.clock.advance(61_000);
    expect(await read(clients)).toBe('two');
  });

  test('versions without a label are listed only when asked for', async () => {
    const clients = await withSecret('one');
    for (const letter of ['b', 'c']) await put(clients, letter, letter);
    const list = async (deprecated: boolean) =>
      (await clients.secrets.send(new ListSecretVersionIdsCommand({ SecretId: 'team/key', IncludeDeprecated: deprecated }))).Versions?.map(
        (version) => version.VersionId,
      );
    expect(await list(false)).toEqual([token('b'), token('c')]);
    expect(await list(true)).toEqual([token('a'), token('b'), token('c')]);
  });

  test('unlabelled versions beyond a hundred go, but none within a day', async () => {
    const clients = await withSecret('one');
    for (let index = 0; index < 105; index += 1) await put(clients, String.fromCharCode(0x100 + index), String(index));
    expect(clients.aws.inspect.secrets.versions('team/key')).toHaveLength(106);
    clients.clock.advance(2 * DAY);
    await put(clients, 'z', 'last');
    // Current, previous, and a hundred without a label.
    expect(clients.aws.inspect.secrets.versions('team/key')).toHaveLength(102);
  });
});
