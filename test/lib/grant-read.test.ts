import {
  AccountPrincipal,
  AccountRootPrincipal,
  AnyPrincipal,
  ArnPrincipal,
  FederatedPrincipal,
  Group,
  ManagedPolicy,
  OrganizationPrincipal,
  Role,
  ServicePrincipal,
  UnknownPrincipal,
  User,
} from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Template } from 'aws-cdk-lib/assertions';
import { Stack } from 'aws-cdk-lib/core';
import { expect, test } from 'vitest';
import { Detection } from '../../lib/detection.ts';
import { Installation } from '../../lib/installation.ts';
import { ManagedKey } from '../../lib/managed-key.ts';
import { Rotation } from '../../lib/rotation.ts';
import { example, quickApp } from './stacks.ts';

const home = { account: '111111111111', region: 'eu-west-1' };
const app = quickApp();

/** One stack for all cases: a template is drawn once. */
const stack = new Stack(app, 'Stack', { env: home });
const installation = new Installation(stack, 'Installation', { configuration: example });
const rotatedBy = new Rotation(stack, 'Rotation', { installation });
const watchedBy = new Detection(stack, 'Detection', { installation, rotation: rotatedBy });
const newKey = (name: string): ManagedKey =>
  new ManagedKey(stack, name, { name, workspaceId: 'wrkspc_1', installation, rotatedBy, watchedBy });

const role = (account: string, name: string): string => `arn:aws:iam::${account}:role/${name}`;
const outsiders: readonly [string, IGrantable, string][] = [
  ['elsewhere', Role.fromRoleArn(stack, 'Elsewhere', role('222222222222', 'elsewhere')), role('222222222222', 'elsewhere')],
  [
    'unchanged',
    Role.fromRoleArn(stack, 'Unchanged', role('111111111111', 'unchanged'), { mutable: false }),
    role('111111111111', 'unchanged'),
  ],
  ['imported', Role.fromRoleArn(stack, 'Imported', role('111111111111', 'imported')), role('111111111111', 'imported')],
  [
    'wrapped',
    new Role(stack, 'Wrapped', { roleName: 'wrapped', assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') }).withoutPolicyUpdates(),
    'Wrapped',
  ],
  ['user', User.fromUserArn(stack, 'User', 'arn:aws:iam::222222222222:user/kim'), 'arn:aws:iam::222222222222:user/kim'],
  ['arn', new ArnPrincipal(role('222222222222', 'arn')), role('222222222222', 'arn')],
  ['account', new AccountPrincipal('333333333333'), ':iam::333333333333:root'],
];
for (const [name, consumer] of outsiders) newKey(name).grantRead(consumer).assertSuccess();

const insiders: readonly [string, IGrantable][] = [
  ['made-role', new Role(stack, 'MadeRole', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') })],
  ['made-user', new User(stack, 'MadeUser')],
  ['made-group', new Group(stack, 'MadeGroup')],
  [
    'made-policy',
    new ManagedPolicy(stack, 'MadePolicy', { roles: [new Role(stack, 'Holder', { assumedBy: new AccountRootPrincipal() })] }),
  ],
];
for (const [name, consumer] of insiders) newKey(name).grantRead(consumer).assertSuccess();
const refusing = newKey('refusing');
const before = refusing.secret.node.findAll().length;

const refused: readonly [string, IGrantable, RegExp][] = [
  ['a service', new ServicePrincipal('ecs-tasks.amazonaws.com'), /is a service, which reads with a role/],
  ['everybody', new AnyPrincipal(), /names more than one reader/],
  ['an organization', new OrganizationPrincipal('o-1234567890'), /names more than one reader/],
  ['roles by pattern', new ArnPrincipal(role('222222222222', 'app-*')), /names more than one reader/],
  ['a group by name', new ArnPrincipal('arn:aws:iam::222222222222:group/devs'), /is a group/],
  ['a federated identity', new FederatedPrincipal('cognito-identity.amazonaws.com', {}), /kind Federated/],
  ['the own account', new AccountRootPrincipal(), /needs no grant/],
  ['the own account by its number', new AccountPrincipal('111111111111'), /needs no grant/],
  ['a resource without a role', new UnknownPrincipal({ resource: stack }), /has no role of its own/],
];

test.each(refused)('%s is refused, with what to give instead', (_what, consumer, words) => {
  expect(() => refusing.grantRead(consumer)).toThrow(words);
  expect(refusing.secret.node.findAll().length).toBe(before);
});

const template = Template.fromStack(stack);
const policies = Object.entries(template.findResources('AWS::SecretsManager::ResourcePolicy'));
const keyPolicy = JSON.stringify(template.findResources('AWS::KMS::Key'));

test.each(outsiders)(
  'a consumer that the app cannot give a policy (%s) is let in by the policies of secret and key',
  (name, _consumer, shown) => {
    const [, policy] = policies.find(([id]) => id.startsWith(`${name}Consumer`)) ?? [];
    const text = JSON.stringify(policy);
    const statements = JSON.stringify(
      (policy as { Properties: { ResourcePolicy: { Statement: { Principal: object }[] } } }).Properties.ResourcePolicy.Statement.filter(
        ({ Principal }) => JSON.stringify(Principal).includes(shown),
      ),
    );
    expect(text).toContain(shown);
    expect(statements).toContain('"secretsmanager:GetSecretValue"');
    expect(statements).toContain('{"ForAnyValue:StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT"}}');
    expect(statements).toContain('"secretsmanager:DescribeSecret"');
    expect(keyPolicy).toContain(shown);
  },
);

test.each(insiders)('%s is given a policy of its own, and the secret’s policy does not name it', (name) => {
  const arn = new RegExp(`"Ref":"${name.replace('-', '')}Consumer`);
  const own = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'].flatMap((type) => Object.values(template.findResources(type)));
  expect(own.filter((policy) => arn.test(JSON.stringify(policy)) && JSON.stringify(policy).includes('GetSecretValue'))).toHaveLength(1);
});
