import { expect, test } from 'vitest';
import { alarmNamesOf } from '../../contract/alarms.ts';
import { environmentOf, variables } from '../../contract/environment.ts';
import { functionsOf } from '../../contract/heartbeat.ts';
import { unattributed, usageMetrics } from '../../contract/metrics.ts';
import { functionNames, postedChannels, type FunctionName } from '../../contract/registry.ts';
import { channelOutput, functionOutput, managedKeyOutputs, outputNames } from '../../contract/outputs.ts';
import { configurationSchema } from '../../lib/config/schema.ts';
import { Synthesised, beating, example, rendered, withKeys, synthesised } from './stacks.ts';

const stack = synthesised(example);
const withHeartbeat = synthesised(beating);
const many = synthesised(withKeys(50));
const withoutSlack = new Synthesised(configurationSchema.parse({ ...example, alerts: { emails: ['oncall@example.com'] } }));
const federated = new Synthesised(
  configurationSchema.parse({
    ...example,
    anthropic: { ...example.anthropic, adminAccess: { kind: 'federation', federationRuleId: 'fdrl_1', serviceAccountId: 'svac_1' } },
  }),
);
const prefixes = {
  rotation: 'RotationFunction',
  retirement: 'RotationRetirement',
  'usage-collector': 'Usage',
  'anomaly-detector': 'Detection',
  notifier: 'Incidents',
  heartbeat: 'Heartbeat',
} satisfies Record<FunctionName, string>;

function environment(of: Synthesised, name: keyof typeof prefixes): Record<string, unknown> {
  const { Environment } = of.one('AWS::Lambda::Function', prefixes[name]).resource.Properties;
  const table: unknown = Environment instanceof Object ? Reflect.get(Environment, 'Variables') : undefined;
  return table instanceof Object ? Object.fromEntries(Object.entries(table)) : {};
}

test('what must outlive the stack does: secrets, table and encryption key', () => {
  for (const type of ['AWS::SecretsManager::Secret', 'AWS::DynamoDB::Table', 'AWS::KMS::Key']) {
    expect(stack.resources(type).size).toBeGreaterThan(0);
    for (const [id, resource] of stack.resources(type)) {
      expect(resource, id).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  }
});

test('everything that rests is encrypted by the one key, which is renewed every year', () => {
  const key = { 'Fn::GetAtt': [stack.one('AWS::KMS::Key', 'Installation').id, 'Arn'] };
  expect(stack.one('AWS::KMS::Key', 'Installation').resource.Properties.EnableKeyRotation).toBe(true);
  for (const [type, property] of [
    ['AWS::SecretsManager::Secret', 'KmsKeyId'],
    ['AWS::SNS::Topic', 'KmsMasterKeyId'],
    ['AWS::Logs::LogGroup', 'KmsKeyId'],
  ] as const) {
    for (const [id, { Properties }] of stack.resources(type)) expect(Properties[property], id).toEqual(key);
  }
  const { Properties } = stack.one('AWS::DynamoDB::Table', 'Installation').resource;
  expect(Properties.SSESpecification).toEqual({ SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: key });
  for (const queue of stack.resources('AWS::SQS::Queue').values()) expect(queue.Properties.SqsManagedSseEnabled).toBe(true);
});

test('the table costs what is used, forgets what expired and restores any second', () => {
  expect(stack.one('AWS::DynamoDB::Table', 'Installation').resource.Properties).toMatchObject({
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    DeletionProtectionEnabled: true,
  });
});

test.each(functionNames)('%s gets exactly the variables that the contract lists, none of which opens anything', (name) => {
  const given = environment(withHeartbeat, name);
  expect(Object.keys(given).sort()).toEqual(environmentOf[name].map((variable) => variables[variable]).sort());
  for (const value of Object.values(given)) expect(rendered(value)).not.toBe('');
});

test('with fifty managed keys the variables of every function stay far below the 4 KB that Lambda allows', () => {
  for (const name of functionsOf({})) {
    // A reference resolves to an ARN, at most some 150 characters.
    const bytes = Object.entries(environment(many, name)).reduce(
      (sum, [key, value]) => sum + key.length + rendered(value).replace(/\{[^{}:]*\}/g, 'x'.repeat(150)).length,
      0,
    );
    expect(bytes, name).toBeLessThan(2048);
  }
});

test('functions run on the newest runtime, on ARM, with logs that end, a dead-letter queue and a role of their own', () => {
  const functions = withHeartbeat.resources('AWS::Lambda::Function');
  expect(functions.size).toBe(functionNames.length);
  for (const { Properties } of functions.values()) {
    expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], Handler: 'index.handler' });
  }
  const different = (property: string): number =>
    new Set([...functions.values()].map(({ Properties }) => JSON.stringify(Properties[property]))).size;
  for (const property of ['Role', 'DeadLetterConfig', 'LoggingConfig']) expect(different(property), property).toBe(functionNames.length);
  for (const { Properties } of stack.resources('AWS::Logs::LogGroup').values()) expect(Properties.RetentionInDays).toBe(365);
});

test('three functions run by schedule, and a tick that cannot be delivered is kept', () => {
  const schedules = [...stack.resources('AWS::Scheduler::Schedule').values()].map(({ Properties }) => Properties);
  expect(schedules.map(({ ScheduleExpression }) => ScheduleExpression).sort()).toEqual([
    'rate(1 minute)',
    'rate(1 minute)',
    'rate(5 minutes)',
  ]);
  for (const { Target, State } of schedules) {
    expect(State).toBe('ENABLED');
    expect(Target).toMatchObject({ DeadLetterConfig: { Arn: expect.anything() as unknown }, RetryPolicy: { MaximumRetryAttempts: 3 } });
  }
});

function alarmsIn(of: Synthesised): readonly string[] {
  return [...of.resources('AWS::CloudWatch::Alarm').values()].map(({ Properties }) => String(Properties.AlarmName)).sort();
}

test('the alert topic carries alerts only: alarms about Key Guard itself have a topic of their own', () => {
  const alarms = stack.one('AWS::SNS::Topic', 'InstallationAlarms').id;
  const all = [...stack.resources('AWS::CloudWatch::Alarm').values()];
  expect(alarmsIn(stack)).toEqual([...alarmNamesOf(example.installation, {})].sort());
  expect(alarmsIn(withHeartbeat)).toEqual([...alarmNamesOf(beating.installation, beating.usage)].sort());
  for (const { Properties } of all) {
    expect(Properties.AlarmActions).toEqual([{ Ref: alarms }]);
    expect(Properties.AlarmDescription).toMatch(/npx --no-install keyguard (doctor|deliveries)/);
  }
});

test('a scheduled function that falls silent raises an alarm, and a first deployment raises none', () => {
  const silent = [...stack.resources('AWS::CloudWatch::Alarm').values()].filter(({ Properties }) =>
    String(Properties.AlarmName).endsWith('-silent'),
  );
  expect(silent).toHaveLength(3);
  for (const { Properties } of silent) {
    expect(Properties).toMatchObject({
      MetricName: 'Invocations',
      TreatMissingData: 'missing',
      InsufficientDataActions: [{ Ref: stack.one('AWS::SNS::Topic', 'InstallationAlarms').id }],
    });
  }
});

test('email goes out from both topics, and the notifier hears alerts with a queue for what it could not deliver', () => {
  const subscriptions = [...stack.resources('AWS::SNS::Subscription').values()].map(({ Properties }) => Properties);
  const emails = subscriptions.filter(({ Protocol }) => Protocol === 'email');
  expect(emails.map(({ Endpoint }) => Endpoint)).toEqual(['oncall@example.com', 'oncall@example.com']);
  expect(new Set(emails.map(({ TopicArn }) => JSON.stringify(TopicArn))).size).toBe(2);
  const lambda = subscriptions.filter(({ Protocol }) => Protocol === 'lambda');
  expect(lambda).toMatchObject([
    { TopicArn: { Ref: stack.one('AWS::SNS::Topic', 'InstallationAlerts').id }, RedrivePolicy: expect.anything() as unknown },
  ]);
});

test('topics and queues refuse plain text connections', () => {
  for (const type of ['AWS::SNS::TopicPolicy', 'AWS::SQS::QueuePolicy']) {
    for (const [id, { Properties }] of stack.resources(type)) {
      expect(JSON.stringify(Properties.PolicyDocument), id).toContain(
        '"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"',
      );
    }
  }
  expect(stack.resources('AWS::SNS::TopicPolicy').size).toBe(2);
  expect(stack.resources('AWS::SQS::QueuePolicy').size).toBe(5);
});

test('the outputs name all that an operator touches', () => {
  const keys = beating.managedKeys.flatMap(({ name }) => Object.values(managedKeyOutputs(name)));
  expect([...withHeartbeat.outputs()].sort()).toEqual(
    [...Object.values(outputNames), ...functionNames.map(functionOutput), ...postedChannels.map(channelOutput), ...keys].sort(),
  );
});

test('the dashboard shows every usage metric for every managed key, and what nobody manages', () => {
  const { DashboardBody } = stack.one('AWS::CloudWatch::Dashboard', 'Dashboard').resource.Properties;
  const body = rendered(DashboardBody);
  for (const { name } of Object.values(usageMetrics)) {
    for (const key of ['production', 'nightly-batch', unattributed]) {
      expect(body).toContain(`["KeyGuard","${name}","Installation","keyguard-example","ManagedKey","${key}"`);
    }
  }
});

test('without Slack there is no webhook secret, no output, no variable', () => {
  expect(withoutSlack.resources('AWS::SecretsManager::Secret').size).toBe(5);
  expect(withoutSlack.outputs()).not.toContain(channelOutput('slack-webhook'));
  expect(environment(withoutSlack, 'notifier')).not.toHaveProperty(variables['slack-webhook-secret']);
});

test('with federation there is no Admin key, and a token only for the audience, for minutes', () => {
  expect(federated.resources('AWS::SecretsManager::Secret').size).toBe(5);
  expect(federated.outputs()).not.toContain(outputNames.adminKeySecret);
  expect(JSON.parse(rendered(environment(federated, 'rotation')[variables.adminAccess]))).toEqual({
    kind: 'federation',
    federationRuleId: 'fdrl_1',
    serviceAccountId: 'svac_1',
    audience: 'https://api.anthropic.com',
  });
  const policies = [...federated.resources('AWS::IAM::ManagedPolicy').values()].filter(({ Properties }) =>
    JSON.stringify(Properties).includes('sts:GetWebIdentityToken'),
  );
  expect(policies).toHaveLength(4);
  for (const { Properties } of policies) {
    expect(Properties.PolicyDocument).toMatchObject({
      Statement: expect.arrayContaining([
        expect.objectContaining({
          Action: 'sts:GetWebIdentityToken',
          Condition: {
            'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': ['https://api.anthropic.com'] },
            Null: { 'sts:IdentityTokenAudience': 'false' },
            NumericLessThanEquals: { 'sts:DurationSeconds': 300 },
            StringEquals: { 'sts:SigningAlgorithm': 'ES384' },
          },
        }),
      ]) as unknown,
    });
  }
});

test.each([1, 30, 50])('%i managed keys fit into one stack, with room to grow', (count) => {
  const { Resources } = synthesised(withKeys(count)).template.toJSON() as { Resources: object };
  expect(Object.keys(Resources).length).toBeLessThan(450);
});

test('a template of fifty managed keys stays below the 1 MB that CloudFormation takes', () => {
  expect(many.text.length).toBeLessThan(900_000);
});

test('a heartbeat is there only if the configuration asks for it, runs hourly, and is not tried again by AWS', () => {
  expect(stack.text).not.toMatch(/heartbeat/i);
  expect(stack.definitions).not.toHaveProperty('heartbeat');
  expect(withHeartbeat.definitions).toMatchObject({ heartbeat: { managedKey: 'heartbeat', model: 'claude-haiku-5-5' } });
  expect(withHeartbeat.outputs()).toContain('HeartbeatFunctionName');
  const { id } = withHeartbeat.one('AWS::Lambda::Function', 'Heartbeat');
  const { resource } = withHeartbeat.one('AWS::Lambda::EventInvokeConfig', 'Heartbeat');
  expect(resource.Properties).toMatchObject({ FunctionName: { Ref: id }, MaximumRetryAttempts: 0 });
  expect(withHeartbeat.one('AWS::Scheduler::Schedule', 'Heartbeat').resource.Properties.ScheduleExpression).toBe('rate(1 hour)');
  const alarms = [...withHeartbeat.resources('AWS::CloudWatch::Alarm').values()].map(({ Properties }) => Properties);
  const own = alarms.filter(({ AlarmName }) => String(AlarmName).includes('-heartbeat-'));
  expect(own.map(({ AlarmName }) => String(AlarmName).replace(/.*-heartbeat-/, '')).sort()).toEqual(['dead-letters', 'errors', 'silent']);
  // CloudWatch looks back a day at the most: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
  for (const { Period, EvaluationPeriods } of own) expect(Number(Period) * Number(EvaluationPeriods)).toBeLessThanOrEqual(86_400);
});
