import { Stack } from 'aws-cdk-lib/core';
import { expect, test } from 'vitest';
import { Detection } from '../../lib/detection.ts';
import { Heartbeat } from '../../lib/heartbeat.ts';
import { Installation } from '../../lib/installation.ts';
import { KeyguardStack } from '../../lib/keyguard-stack.ts';
import { ManagedKey, type ManagedKeyProps } from '../../lib/managed-key.ts';
import { Rotation } from '../../lib/rotation.ts';
import { example, quickApp } from './stacks.ts';

const home = { account: '111111111111', region: 'eu-west-1' };
const app = quickApp();
const stack = new Stack(app, 'Platform', { env: home });

type Parts = Pick<ManagedKeyProps, 'installation' | 'rotatedBy' | 'watchedBy'>;
function partsOf(name: string): Parts {
  const installation = new Installation(stack, name, { configuration: { ...example, installation: name } });
  const rotatedBy = new Rotation(stack, `${name}-rotation`, { installation });
  return { installation, rotatedBy, watchedBy: new Detection(stack, `${name}-detection`, { installation, rotation: rotatedBy }) };
}

const parts = partsOf('platform');
const others = partsOf('other');
let made = 0;
const newKey = (props: Partial<ManagedKeyProps> & { name: string }, scope = stack): ManagedKey =>
  new ManagedKey(scope, `Key${(made += 1)}`, { workspaceId: 'wrkspc_1', ...parts, ...props });
const key = newKey({ name: 'prod-1' });

const replicas = (...regions: readonly string[]): ManagedKeyProps['replicas'] => regions.map((region) => ({ region }));
const refusedKeys: readonly [string, Partial<ManagedKeyProps> & { name: string }, RegExp][] = [
  ['a name twice', { name: 'prod-1' }, /name: "prod-1" is the name of an earlier managed key/],
  ['a name that becomes the same output', { name: 'prod1' }, /needs the output Prod1SecretArn, as prod-1 does/],
  ['the name of unexplained usage', { name: 'unattributed' }, /is reserved/],
  ['the name of the usage report', { name: 'usage-report' }, /is reserved/],
  [
    "another installation's rotation",
    { name: 'x', rotatedBy: others.rotatedBy },
    /rotatedBy is of another installation than Platform\/platform/,
  ],
  ["another installation's detection", { name: 'x', watchedBy: others.watchedBy }, /watchedBy is of another installation/],
  ['its own Region as a replica', { name: 'x', replicas: replicas('eu-west-1') }, /replicas\[0\]\.region.*is the Region of the deployment/],
  ['a replica in another partition', { name: 'x', replicas: replicas('cn-north-1') }, /another partition of AWS than eu-west-1/],
  [
    'a key of another Region for a replica',
    { name: 'x', replicas: [{ region: 'us-east-1', encryptionKeyArn: 'arn:aws:kms:eu-west-3:111111111111:key/1' }] },
    /encryptionKeyArn.*is no key of us-east-1/,
  ],
];
test.each(refusedKeys)('a managed key with %s is refused, as in keyguard.json', (_what, props, words) => {
  expect(() => newKey(props)).toThrow(words);
});

test('a managed key stands in the Region and account of its installation', () => {
  const elsewhere = new Stack(app, 'Elsewhere', { env: { ...home, region: 'us-east-2' } });
  expect(() => newKey({ name: 'y' }, elsewhere)).toThrow(/lies in another Region or account than its installation/);
  expect(newKey({ name: 'y', replicas: replicas('us-east-2') }, new Stack(app, 'Beside', { env: home })).configuration.name).toBe('y');
});

test('an installation has one heartbeat, of its own, with a model that there can be', () => {
  const heartbeat = (id: string, installation: Installation, model?: string): Heartbeat =>
    new Heartbeat(stack, id, { installation, managedKey: key, ...(model === undefined ? {} : { model }) });
  expect(() => heartbeat('Nonsense', parts.installation, 'claude opus !!')).toThrow(/model: "claude opus !!" is not the id of a model/);
  expect(() => heartbeat('Foreign', others.installation)).toThrow(/managedKey is of another installation/);
  heartbeat('Beat', parts.installation);
  expect(() => heartbeat('Second', parts.installation)).toThrow(/has a heartbeat already/);
});

test('a Region of an account has an installation once', () => {
  const twice = quickApp();
  const add = (id: string, env?: { account: string; region: string }): KeyguardStack =>
    new KeyguardStack(twice, id, { configuration: { ...example, managedKeys: [] }, ...(env === undefined ? {} : { env }) });
  add('A', home);
  expect(() => add('B', home)).toThrow(/installation "keyguard-example" is in this Region and account already, as A\/Installation/);
  add('OtherRegion', { ...home, region: 'us-east-1' });
  add('OtherAccount', { ...home, account: '222222222222' });
});
