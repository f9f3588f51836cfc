import {
  AccountPrincipal,
  AccountRootPrincipal,
  AnyPrincipal,
  ArnPrincipal,
  CompositePrincipal,
  FederatedPrincipal,
  Group,
  ManagedPolicy,
  OrganizationPrincipal,
  PrincipalWithConditions,
  Role,
  ServicePrincipal,
  UnknownPrincipal,
  User,
} from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Aws, Stack } from 'aws-cdk-lib/core';
import { expect, test } from 'vitest';
import { Detection } from '../../lib/detection.ts';
import type { ManagedKeyInput } from '../../lib/config/schema.ts';
import { Installation } from '../../lib/installation.ts';
import { ManagedKey } from '../../lib/managed-key.ts';
import { Rotation } from '../../lib/rotation.ts';
import { example, quickApp, rendered } from './stacks.ts';

const home = { account: '111111111111', region: 'eu-west-1' };
const app = quickApp();

/** One stack for all cases: a template is drawn once. */
const stack = new Stack(app, 'Stack', { env: home });
const installation = new Installation(stack, 'Installation', { configuration: example });
const rotatedBy = new Rotation(stack, 'Rotation', { installation });
const watchedBy = new Detection(stack, 'Detection', { installation, rotation: rotatedBy });
const newKey = (name: string, replicas: ManagedKeyInput['replicas'] = []): ManagedKey =>
  new ManagedKey(stack, name, { name, workspaceId: 'wrkspc_1', replicas, installation, rotatedBy, watchedBy });

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
  ['a name', new ArnPrincipal('my-role'), /"my-role" is not the ARN/],
  ['nothing', new ArnPrincipal(''), /"" is not the ARN/],
  ['a role without a name', new ArnPrincipal(role('222222222222', '')), /is not the ARN/],
  ['a function', new ArnPrincipal('arn:aws:lambda:eu-west-1:222222222222:function:reader'), /is not the ARN/],
  ['another partition', new ArnPrincipal('arn:aws-cn:iam::222222222222:role/reader'), /another partition of AWS than eu-west-1/],
  ['the own root by its ARN', new ArnPrincipal('arn:aws:iam::111111111111:root'), /needs no grant/],
  ['the own number', new ArnPrincipal('111111111111'), /needs no grant/],
  ['the own root by a token', new ArnPrincipal(`arn:aws:iam::${Aws.ACCOUNT_ID}:root`), /needs no grant/],
  [
    'the own account with conditions',
    new PrincipalWithConditions(new AccountPrincipal('111111111111'), { StringEquals: { 'aws:PrincipalTag/reads': 'yes' } }),
    /needs no grant/,
  ],
  [
    'the own account among others',
    new CompositePrincipal(new ArnPrincipal(role('222222222222', 'reader')), new AccountPrincipal('111111111111')),
    /needs no grant/,
  ],
  [
    'an imported managed policy',
    ManagedPolicy.fromManagedPolicyArn(stack, 'ImportedPolicy', 'arn:aws:iam::111111111111:policy/reads') as unknown as IGrantable,
    /takes no policy/,
  ],
];

test.each(refused)('%s is refused, with what to give instead', (_what, consumer, words) => {
  expect(() => refusing.grantRead(consumer)).toThrow(words);
  expect(refusing.secret.node.findAll().length).toBe(before);
});

const otherKeyArn = 'arn:aws:kms:us-east-1:111111111111:key/11111111-2222-3333-4444-555555555555';
const replicated = newKey('replicated', [{ region: 'us-east-1', encryptionKeyArn: otherKeyArn }, { region: 'us-west-2' }]);
const otherAccount = new Stack(app, 'OtherAccount', { env: { account: '222222222222', region: 'eu-west-1' } });
const otherRegion = new Stack(app, 'OtherRegion', { env: { ...home, region: 'us-west-2' } });
const assumedBy = new ServicePrincipal('ecs-tasks.amazonaws.com');
const elsewhere = [otherAccount, otherRegion];
for (const [index, of] of elsewhere.entries()) {
  replicated.grantRead(new Role(of, 'Reader', { roleName: `reader-${index}`, assumedBy })).assertSuccess();
}

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

test.each(elsewhere)('a role of $node.id is let read the secret by an ARN that it can have, and each replica', (of) => {
  const [policy] = Object.values(Template.fromStack(of).findResources('AWS::IAM::Policy'));
  const { Statement: statements } = (policy as { Properties: { PolicyDocument: { Statement: Statement[] } } }).Properties.PolicyDocument;
  const arns = ['eu-west-1', 'us-east-1', 'us-west-2'].map(
    (region) => `arn:aws:secretsmanager:${region}:111111111111:secret:keyguard-example/replicated/consumers-??????`,
  );
  for (const action of ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret']) {
    const { Resource: resources = [] } = statements.find(({ Action }) => Action === action) ?? {};
    expect([resources].flat().map((arn) => rendered(arn).replace('{AWS::Partition}', 'aws'))).toEqual(arns);
  }
  expect(statements.filter(({ Action }) => Action === 'kms:Decrypt')).toMatchObject([
    { Condition: { StringEquals: { 'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com' } } },
    { Condition: { StringEquals: { 'kms:ViaService': 'secretsmanager.us-east-1.amazonaws.com' } }, Resource: otherKeyArn },
  ]);
});

test('a replica that another account cannot read is said, with what to do', () => {
  const warned = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('cannot read the replica'));
  const texts = warned.map(({ entry }) => JSON.stringify(entry.data));
  expect(texts).toHaveLength(2);
  expect(texts.join()).toMatch(/us-east-1: arn:aws:kms:us-east-1:.* is no key of this stack/);
  expect(texts.join()).toMatch(/us-west-2: it is encrypted with the key of AWS there.*: give the replica an encryptionKeyArn in us-west-2/);
});

test('in a stack that does not know its account, a root is refused and a role is let in', () => {
  const withoutEnv = new Stack(quickApp(), 'WithoutEnv');
  const unknown = new Installation(withoutEnv, 'Installation', { configuration: example });
  const rotation = new Rotation(withoutEnv, 'Rotation', { installation: unknown });
  const key = new ManagedKey(withoutEnv, 'Key', {
    name: 'key',
    workspaceId: 'wrkspc_1',
    installation: unknown,
    rotatedBy: rotation,
    watchedBy: new Detection(withoutEnv, 'Detection', { installation: unknown, rotation }),
  });
  expect(() => key.grantRead(new AccountPrincipal('111111111111'))).toThrow(/give the stack an env/);
  expect(key.grantRead(new ArnPrincipal(role('222222222222', 'reader'))).success).toBe(true);
});

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
}
