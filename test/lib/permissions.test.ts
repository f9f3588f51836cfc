import { expect, test } from 'vitest';
import type { FunctionName } from '../../contract/registry.ts';
import { Synthesised, beating, example, rendered, withKeys, synthesised } from './stacks.ts';

const stack = synthesised(example);
const withHeartbeat = synthesised(beating);

interface Statement {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly principal: string;
  readonly conditions: string;
}

function listed(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

function statementsOf(document: unknown): readonly Statement[] {
  const statements: unknown = document instanceof Object ? Reflect.get(document, 'Statement') : undefined;
  return listed(statements).map((statement) => {
    const field = (name: string): unknown => (statement instanceof Object ? Reflect.get(statement, name) : undefined);
    const principal = field('Principal');
    return {
      effect: String(field('Effect')),
      actions: listed(field('Action')).map(String),
      resources: listed(field('Resource')).map(rendered),
      principal: principal instanceof Object ? listed(Object.values(principal)[0]).map(rendered).join() : String(principal),
      conditions: JSON.stringify(field('Condition') ?? {}),
    };
  });
}

/** What a function's own policy lets it do: `action resource`, logical ids without their hash. */
function ownGrants(prefix: string, of = stack): readonly string[] {
  const { resource } = of.one('AWS::IAM::ManagedPolicy', prefix);
  return statementsOf(resource.Properties.PolicyDocument)
    .flatMap(({ actions, resources }) =>
      actions.flatMap((action) => resources.map((target) => `${action} ${target.replace(/[0-9A-F]{8}(?=[.}])/g, '')}`)),
    )
    .sort();
}

/** What the managed keys' secrets let it do, by their own policies. */
function grantsBySecrets(role: string): readonly string[] {
  const roleId = stack.one('AWS::IAM::Role', role).id;
  return [...stack.resources('AWS::SecretsManager::ResourcePolicy')]
    .filter(([id]) => id.startsWith('ManagedKeysProduction'))
    .flatMap(([id, { Properties }]) =>
      statementsOf(Properties.ResourcePolicy)
        .filter(({ effect, principal }) => effect === 'Allow' && principal.includes(`{${roleId}.Arn}`))
        .flatMap(({ actions }) => actions.map((action) => `${action} ${id.includes('Standby') ? 'standby' : 'consumer'}`)),
    )
    .sort();
}

const table = '{InstallationStateTable.Arn}';
const items = (...actions: readonly string[]): readonly string[] => actions.map((action) => `dynamodb:${action} ${table}`);
const encryptionKey = (...actions: readonly string[]): readonly string[] =>
  actions.map((action) => `kms:${action} {InstallationEncryptionKey.Arn}`);
/** What each function may do with the key through a service. */
const through = {
  dynamodb: encryptionKey('Decrypt', 'DescribeKey', 'Encrypt', 'GenerateDataKey', 'ReEncryptFrom', 'ReEncryptTo'),
  secretsToRead: encryptionKey('Decrypt'),
  secretsToWrite: encryptionKey('Decrypt', 'GenerateDataKey'),
  sns: encryptionKey('Decrypt', 'GenerateDataKey'),
};
const adminKey = 'secretsmanager:GetSecretValue {InstallationAdminAccessAdminKey}';
const publish = 'sns:Publish {InstallationAlertsTopic}';
const logsAndLetters = (path: string): readonly string[] => [
  `logs:CreateLogStream {${path}Logs.Arn}`,
  `logs:PutLogEvents {${path}Logs.Arn}`,
  `sqs:SendMessage {${path}DeadLetters.Arn}`,
];

/** Everything each function may do: what its adapters call, and no more. */
const own: Readonly<Record<Exclude<FunctionName, 'heartbeat'>, readonly string[]>> = {
  rotation: [
    ...logsAndLetters('Rotation'),
    ...items('GetItem', 'Query', 'PutItem', 'DeleteItem'),
    ...through.dynamodb,
    ...through.secretsToWrite,
    ...through.sns,
    adminKey,
    publish,
  ],
  retirement: [
    ...logsAndLetters('RotationRetirement'),
    ...items('GetItem', 'Query', 'PutItem', 'DeleteItem'),
    ...through.dynamodb,
    ...through.secretsToRead,
    ...through.sns,
    adminKey,
    publish,
    'lambda:InvokeFunction {RotationFunction.Arn}',
  ],
  'usage-collector': [
    ...logsAndLetters('UsageCollector'),
    ...items('GetItem', 'Query', 'PutItem'),
    ...through.dynamodb,
    ...through.secretsToRead,
    adminKey,
    'cloudwatch:PutMetricData *',
    'cloudwatch:GetMetricData *',
  ],
  'anomaly-detector': [
    ...logsAndLetters('DetectionDetector'),
    ...items('GetItem', 'Query', 'PutItem', 'DeleteItem'),
    ...through.dynamodb,
    ...through.secretsToRead,
    ...through.sns,
    adminKey,
    publish,
    'cloudwatch:GetMetricData *',
    'lambda:InvokeFunction {RotationFunction.Arn}',
  ],
  notifier: [
    ...logsAndLetters('IncidentsNotifier'),
    ...items('GetItem', 'PutItem', 'DeleteItem'),
    ...through.dynamodb,
    ...through.secretsToRead,
    'secretsmanager:GetSecretValue {InstallationSlackWebhook}',
  ],
};

/** Where a function's own policy is in the stack; its permissions are listed here. */
const policyOf: Readonly<Record<keyof typeof own, string>> = {
  rotation: 'RotationPolicy',
  retirement: 'RotationRetirementPolicy',
  'usage-collector': 'UsageCollectorPolicy',
  'anomaly-detector': 'DetectionDetectorPolicy',
  notifier: 'Incidents',
};

test.each(Object.entries(own))('%s may do this and nothing else', (name, grants) => {
  expect(ownGrants(policyOf[name as keyof typeof own])).toEqual([...grants].sort());
});

test('the heartbeat may read the current value of its one managed key, note that it sends, and nothing else', () => {
  expect(ownGrants('HeartbeatBeatPolicy', withHeartbeat)).toEqual(
    [
      ...logsAndLetters('HeartbeatBeat'),
      ...through.secretsToRead,
      ...through.dynamodb,
      ...items('PutItem'),
      'secretsmanager:GetSecretValue {ManagedKeysHeartbeatConsumer}',
    ].sort(),
  );
  const { PolicyDocument } = withHeartbeat.one('AWS::IAM::ManagedPolicy', 'HeartbeatBeatPolicy').resource.Properties;
  const [read] = statementsOf(PolicyDocument).filter(({ actions }) => actions.includes('secretsmanager:GetSecretValue'));
  expect(read?.conditions).toBe('{"ForAnyValue:StringEquals":{"secretsmanager:VersionStage":"AWSCURRENT"}}');
  const [note] = statementsOf(PolicyDocument).filter(({ actions }) => actions.includes('dynamodb:PutItem'));
  expect(note?.conditions).toBe('{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["HEARTBEAT"]}}');
  const role = `{${withHeartbeat.one('AWS::IAM::Role', 'HeartbeatBeatRole').id}.Arn}`;
  const byOthers = ['AWS::SecretsManager::ResourcePolicy', 'AWS::KMS::Key', 'AWS::SNS::TopicPolicy'].flatMap((type) =>
    [...withHeartbeat.resources(type).values()].map(({ Properties }) => JSON.stringify(Properties)),
  );
  expect(byOthers.filter((text) => text.includes(role.slice(1, -5)))).toEqual([]);
});

test.each([
  [
    'RotationRole',
    [
      'DescribeSecret consumer',
      'GetSecretValue consumer',
      'PutSecretValue consumer',
      'UpdateSecretVersionStage consumer',
      'DescribeSecret standby',
      'GetSecretValue standby',
      'UpdateSecretVersionStage standby',
    ],
  ],
  [
    'RotationRetirementRole',
    [
      'DescribeSecret consumer',
      'GetSecretValue consumer',
      'ListSecretVersionIds consumer',
      'RotateSecret consumer',
      'DescribeSecret standby',
    ],
  ],
  ['DetectionDetectorRole', ['DescribeSecret consumer', 'GetSecretValue consumer', 'RotateSecret consumer', 'DescribeSecret standby']],
  ['UsageCollectorRole', []],
  ['Incidents', []],
])("%s may do this with a managed key's secrets, by their policies, and nothing else", (role, grants) => {
  expect(grantsBySecrets(role)).toEqual(grants.map((grant) => `secretsmanager:${grant}`).sort());
});

test('no role carries a policy of AWS or a statement in line', () => {
  expect(stack.resources('AWS::IAM::Policy').size).toBe(0);
  for (const [id, { Properties }] of stack.resources('AWS::IAM::Role')) {
    expect(Properties.Policies, id).toBeUndefined();
    expect(JSON.stringify(Properties.ManagedPolicyArns), id).not.toContain('arn:');
  }
});

test('no action is a wildcard, and the resource is one only where the action knows no resources', () => {
  const open: string[] = [];
  for (const { Properties } of stack.resources('AWS::IAM::ManagedPolicy').values()) {
    for (const { actions, resources, conditions } of statementsOf(Properties.PolicyDocument)) {
      for (const action of actions) expect(action).not.toContain('*');
      if (resources.some((resource) => resource.includes('*'))) open.push(`${actions.join()} ${conditions}`);
    }
  }
  expect(open.sort()).toEqual([
    'cloudwatch:GetMetricData {}',
    'cloudwatch:GetMetricData {}',
    'cloudwatch:PutMetricData {"StringEquals":{"cloudwatch:namespace":"KeyGuard"}}',
  ]);
});

test('the encryption key is used through one service at a time, never by itself', () => {
  for (const [id, { Properties }] of stack.resources('AWS::IAM::ManagedPolicy')) {
    for (const { actions, conditions } of statementsOf(Properties.PolicyDocument)) {
      if (actions.some((action) => action.startsWith('kms:'))) expect(conditions, id).toContain('kms:ViaService');
    }
  }
});

test('policies do not grow with the number of managed keys, and fit into what IAM allows', () => {
  const sizes = (of: Synthesised): readonly number[] =>
    [...of.resources('AWS::IAM::ManagedPolicy').values()].map(({ Properties }) => JSON.stringify(Properties.PolicyDocument).length);
  const many = synthesised(withKeys(50));
  expect(sizes(many)).toEqual(sizes(new Synthesised(withKeys(1))));
  expect(Math.max(...sizes(many))).toBeLessThan(6144);
});

test('services may use topics, queues and the key for this account only', () => {
  const documents = ['AWS::SNS::TopicPolicy', 'AWS::SQS::QueuePolicy'].flatMap((type) =>
    [...stack.resources(type).values()].map(({ Properties }) => Properties.PolicyDocument),
  );
  const key = stack.one('AWS::KMS::Key', 'Installation').resource.Properties.KeyPolicy;
  const byServices = [...documents, key]
    .flatMap(statementsOf)
    .filter(({ principal, effect }) => effect === 'Allow' && principal.includes('amazonaws.com'));
  expect(byServices.length).toBeGreaterThan(3);
  for (const { conditions, principal } of byServices)
    expect(conditions, principal).toMatch(/aws:SourceAccount|aws:SourceArn|encryption-?context/i);
});
