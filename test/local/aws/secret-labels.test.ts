import {
  CreateSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { aws, refusal, token } from './clients.ts';
import type { Clients } from './clients.ts';

type End = 'stays' | 'removed';

/** `a` was AWSCURRENT and is AWSPREVIOUS, `b` is AWSCURRENT, `c` is AWSPENDING, `d` is BLUE. */
async function withFourVersions(pendingAfterSwitch?: End): Promise<Clients> {
  const clients = await aws(pendingAfterSwitch === undefined ? {} : { pendingAfterSwitch });
  await clients.secrets.send(new CreateSecretCommand({ Name: 'key', ClientRequestToken: token('a'), SecretString: 'a' }));
  const stages: [string, string[]][] = [
    ['b', ['AWSCURRENT']],
    ['c', ['AWSPENDING']],
    ['d', ['BLUE']],
  ];
  for (const [letter, labels] of stages) {
    await clients.secrets.send(
      new PutSecretValueCommand({ SecretId: 'key', ClientRequestToken: token(letter), SecretString: letter, VersionStages: labels }),
    );
  }
  return clients;
}
const move = (clients: Clients, label: string, to?: string, from?: string) =>
  clients.secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId: 'key',
      VersionStage: label,
      ...(to === undefined ? {} : { MoveToVersionId: token(to) }),
      ...(from === undefined ? {} : { RemoveFromVersionId: token(from) }),
    }),
  );
const labels = async (clients: Clients): Promise<Record<string, string[]>> => {
  const { VersionIdsToStages: stages = {} } = await clients.secrets.send(new DescribeSecretCommand({ SecretId: 'key' }));
  return Object.fromEntries(Object.entries(stages).map(([id, list]) => [id.slice(-1), [...list].sort()]));
};
const BEFORE = { a: ['AWSPREVIOUS'], b: ['AWSCURRENT'], c: ['AWSPENDING'], d: ['BLUE'] };

test.each<[End, string[]]>([
  ['removed', ['AWSCURRENT']],
  ['stays', ['AWSCURRENT', 'AWSPENDING']],
])('one call moves AWSCURRENT, AWSPREVIOUS follows, and AWSPENDING ends as %s', async (end, onNew) => {
  const clients = await withFourVersions(end);
  await move(clients, 'AWSCURRENT', 'c', 'b');
  expect(await labels(clients)).toEqual({ b: ['AWSPREVIOUS'], c: onNew, d: ['BLUE'] });
});

test('undo is the same call the other way round', async () => {
  const clients = await withFourVersions();
  await move(clients, 'AWSCURRENT', 'a', 'b');
  expect(await labels(clients)).toEqual({ a: ['AWSCURRENT'], b: ['AWSPREVIOUS'], c: ['AWSPENDING'], d: ['BLUE'] });
});

test('moving a label to where it is changes nothing', async () => {
  const clients = await withFourVersions();
  await move(clients, 'AWSCURRENT', 'b');
  expect(await labels(clients)).toEqual(BEFORE);
});

test('a custom label moves, is removed, and is put on a version that has none', async () => {
  const clients = await withFourVersions();
  await move(clients, 'BLUE', 'b', 'd');
  expect((await labels(clients))['b']).toEqual(['AWSCURRENT', 'BLUE']);
  await move(clients, 'BLUE', undefined, 'b');
  expect(await labels(clients)).toEqual({ a: ['AWSPREVIOUS'], b: ['AWSCURRENT'], c: ['AWSPENDING'] });
  await move(clients, 'GREEN', 'd');
  expect((await labels(clients))['d']).toEqual(['GREEN']);
});

const mustName = (label: string, at: string): string =>
  `InvalidParameterException: The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${token(at)}, so you must explicitly reference that version in RemoveFromVersionId.`;
const mustMatch = (label: string): string =>
  `InvalidParameterException: When you move staging label ${label}, if you specify RemoveFromVersionId, it must be set to the version that currently has the staging label ${label}.`;
const UNKNOWN = "ResourceNotFoundException: Secrets Manager can't find the specified secret version.";

test.each<[string, [label: string, to?: string | undefined, from?: string], string]>([
  ['a label elsewhere without RemoveFromVersionId', ['AWSCURRENT', 'c'], mustName('AWSCURRENT', 'b')],
  ['a custom label elsewhere without RemoveFromVersionId', ['BLUE', 'a'], mustName('BLUE', 'd')],
  ['a RemoveFromVersionId that does not hold the label', ['AWSCURRENT', 'c', 'a'], mustMatch('AWSCURRENT')],
  ['a RemoveFromVersionId for a label that nobody holds', ['GREEN', 'c', 'a'], mustMatch('GREEN')],
  ['a version that does not exist', ['AWSCURRENT', 'z', 'b'], UNKNOWN],
  ['a removal from a version that does not exist', ['AWSCURRENT', 'c', 'z'], UNKNOWN],
  [
    'a removal of AWSCURRENT',
    ['AWSCURRENT', undefined, 'b'],
    "InvalidParameterException: You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
  ],
  ['neither version', ['AWSCURRENT'], 'InvalidParameterException'],
])('%s is refused and moves nothing', async (_what, [label, to, from], expected) => {
  const clients = await withFourVersions();
  expect(await refusal(move(clients, label, to, from))).toContain(expected);
  expect(await labels(clients)).toEqual(BEFORE);
});

test('a label that moves is announced, AWSPENDING and AWSPREVIOUS are not', async () => {
  const clients = await withFourVersions();
  const seen = clients.aws.inspect.secrets.events().length;
  await move(clients, 'AWSCURRENT', 'c', 'b');
  const events = clients.aws.inspect.secrets.events().slice(seen);
  expect(events.map(({ type, detail }) => [type, detail])).toEqual([
    ['Secret Label Updated', { name: 'key', labelUpdated: 'AWSCURRENT', versionId: token('c') }],
  ]);
});
