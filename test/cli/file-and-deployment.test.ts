import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { definitionsThatDiffer, settingsThatDiffer } from '../../cli/file-and-deployment.ts';
import { variables } from '../../contract/environment.ts';
import { functionNames } from '../../contract/registry.ts';
import { dayMs } from '../../lambda/foundation/clock.ts';
import { definitionsDigest } from '../../lib/config/definitions-digest.ts';
import { loadConfiguration } from '../../lib/config/load.ts';
import { definitionsOf } from '../../lib/config/policy.ts';
import { anOperator, type Operator } from './operator.ts';
import { configurationFile, keyguard, type Said } from './shell.ts';

let me: Operator | undefined;
afterEach(async () => {
  await me?.leaves();
  me = undefined;
});

interface File {
  readonly managedKeys: readonly { readonly name: string; readonly workspaceId: string; readonly rotation: object }[];
}

const { configuration } = loadConfiguration({ path: 'keyguard.example.json' });
const definitions = definitionsOf(configuration);

test('the stack tells each function the digest of the definitions beside its code', () => {
  const template = readFileSync('test/lib/__snapshots__/example.template.json', 'utf8');
  const digests = [...template.matchAll(new RegExp(`"${variables.definitionsDigest}": "([^"]+)"`, 'g'))].map(([, digest]) => digest);
  expect(digests).toHaveLength(functionNames.length - 1);
  expect(new Set(digests)).toEqual(new Set([definitionsDigest(definitions)]));
});

test('the order of keys and of fields is no difference, and each field of a managed key is one', () => {
  const turned = { ...definitions, managedKeys: [...definitions.managedKeys].reverse().map(turn) } as typeof definitions;
  expect(definitionsDigest(turned)).toBe(definitionsDigest(definitions));
  expect(definitionsThatDiffer(turned, definitions)).toEqual([]);
  const [key, ...others] = definitions.managedKeys;
  if (key === undefined) throw new Error('the example names keys');
  const changed = [
    { ...key, workspaceId: 'wrkspc_other' },
    ...Object.keys(key.rotation).map((field) => ({ ...key, rotation: { ...key.rotation, [field]: 'other' } })),
    ...Object.keys(key.containment).map((field) => ({ ...key, containment: { ...key.containment, [field]: 'other' } })),
  ] as (typeof key)[];
  for (const one of changed) {
    const file = { ...definitions, managedKeys: [one, ...others] };
    expect(definitionsDigest(file)).not.toBe(definitionsDigest(definitions));
    expect(definitionsThatDiffer(definitions, file)).toEqual([expect.stringContaining(`${key.name}.`)]);
  }
  const heartbeat = { managedKey: key.name, model: 'claude-haiku-5-5' };
  expect(definitionsThatDiffer({ ...definitions, heartbeat }, definitions)).toHaveLength(2);
});

test('Slack and who administers differ by what each function is told', () => {
  const environment = {
    [variables.installation]: configuration.installation,
    [variables['slack-webhook-secret']]: 'keyguard/slack-webhook',
  };
  const { slack: _, ...emails } = configuration.alerts;
  expect(settingsThatDiffer('notifier', environment, { ...configuration, alerts: emails })).toContain('alerts.slack');
  expect(settingsThatDiffer('retirement', {}, configuration)).toEqual(
    expect.arrayContaining(['anthropic.organizationId', 'anthropic.adminAccess', 'managedKeys, detection.timeZone or usage.heartbeat']),
  );
});

function turn(value: object): object {
  return Object.fromEntries(Object.entries(value).reverse());
}

const differs = 'keyguard.json is not what is deployed (managedKeys, detection.timeZone or usage.heartbeat)';

test('a file that is not deployed is said before each promise, and makes nobody archive a good key', async () => {
  const { world, ...operator } = await anOperator();
  me = { world, ...operator };
  const first = await operator.added();
  const withFile = (change: (file: File) => object, args: readonly string[]): Promise<Said> =>
    keyguard([...args, '--config', configurationFile({ configuration: () => change(world.configuration() as File) })], { world });
  const longer = (file: File): object => ({
    ...file,
    managedKeys: file.managedKeys.map((key) => ({ ...key, rotation: { ...key.rotation, minimumGrace: '5d', maximumGrace: '8d' } })),
  });
  for (const args of [['status'], ['rotate', 'production', '--dry-run']]) {
    expect((await operator.run(args)).err).not.toContain(differs);
    expect((await withFile(longer, args)).err).toContain(differs);
  }
  const doctor = await withFile(longer, ['doctor']);
  const { minimumGraceMs } = world.definition('production').rotation;
  expect(doctor.out).toMatch(/^warning +keyguard, managed keys: .*production\.rotation\.minimumGrace is .* there and 5 days in the file/m);
  expect(minimumGraceMs).toBeLessThan(5 * dayMs);

  const misplaced = (file: File): object => ({
    ...file,
    managedKeys: file.managedKeys.map((key) => ({ ...key, workspaceId: 'wrkspc_01Mistaken' })),
  });
  const check = await withFile(misplaced, ['standby', 'check']);
  expect([check.code, check.err]).toEqual([1, expect.stringContaining('correct the file, or npx cdk deploy')]);
  expect(check.err).toContain(first);
  expect(check.err).not.toContain('standby remove');

  const more = (file: File): object => ({ ...file, managedKeys: [...file.managedKeys, { ...file.managedKeys[0], name: 'web' }] });
  for (const args of [
    ['status', 'web'],
    ['standby', 'add', 'web'],
    ['standby', 'check', 'web'],
    ['rotate', 'web', '--yes'],
  ]) {
    const said = await withFile(more, args);
    expect([args, said.code, said.err]).toEqual([args, 1, expect.stringContaining('web is not deployed yet')]);
    expect(said.err).not.toContain('for good');
  }
});
