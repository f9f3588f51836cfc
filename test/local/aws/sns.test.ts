import {
  CreateTopicCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import type { PublishCommandInput, SubscribeCommandInput } from '@aws-sdk/client-sns';
import { describe, expect, test } from 'vitest';
import { aws, MINUTE, refusal } from './clients.ts';
import type { Clients } from './clients.ts';

interface Topic extends Clients {
  readonly topicArn: string;
}
async function withTopic(): Promise<Topic> {
  const clients = await aws();
  const { TopicArn: topicArn = '' } = await clients.sns.send(new CreateTopicCommand({ Name: 'alerts' }));
  return { ...clients, topicArn };
}
const subscribe = async (topic: Topic, more: Partial<SubscribeCommandInput>) =>
  (await topic.sns.send(new SubscribeCommand({ TopicArn: topic.topicArn, Protocol: 'email', Endpoint: 'ops@example.com', ...more })))
    .SubscriptionArn ?? '';
const publish = (topic: Topic, more: Partial<PublishCommandInput> = {}) =>
  topic.sns.send(new PublishCommand({ TopicArn: topic.topicArn, Message: 'hello', ...more }));
const bodies = (topic: Topic) => topic.aws.mailbox.messages().map((mail) => mail.body);

describe('email', () => {
  test('nothing arrives before the subscription is confirmed', async () => {
    const topic = await withTopic();
    expect(await subscribe(topic, {})).toBe('pending confirmation');
    await publish(topic);
    expect(bodies(topic)).toEqual([]);
    const list = async () => (await topic.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic.topicArn }))).Subscriptions;
    expect(await list()).toMatchObject([{ SubscriptionArn: 'PendingConfirmation', Protocol: 'email', Endpoint: 'ops@example.com' }]);
    topic.aws.mailbox.confirm('ops@example.com');
    await publish(topic, { Subject: 'A subject' });
    expect(topic.aws.mailbox.messages()).toEqual([{ at: topic.clock.now(), to: 'ops@example.com', subject: 'A subject', body: 'hello' }]);
    expect((await list())?.[0]?.SubscriptionArn).toMatch(/^arn:aws:sns:us-east-1:000000000000:alerts:/);
  });

  test('subscribing twice is one subscription', async () => {
    const topic = await withTopic();
    for (let times = 0; times < 2; times += 1) await subscribe(topic, {});
    topic.aws.mailbox.confirm('ops@example.com');
    await publish(topic);
    expect(bodies(topic)).toEqual(['hello']);
    expect(() => topic.aws.mailbox.confirm('ops@example.com')).toThrow(RangeError);
  });

  test('each protocol gets its own body, and the default where it has none', async () => {
    const topic = await withTopic();
    await subscribe(topic, {});
    topic.aws.mailbox.confirm('ops@example.com');
    for (const bodies of [{ default: 'plain', email: 'Dear people: <ü> & "co"\n' }, { default: 'plain' }])
      await publish(topic, { Message: JSON.stringify(bodies), MessageStructure: 'json' });
    expect(bodies(topic)).toEqual(['Dear people: <ü> & "co"\n', 'plain']);
  });

  test('after unsubscribing nothing arrives', async () => {
    const topic = await withTopic();
    await subscribe(topic, {});
    topic.aws.mailbox.confirm('ops@example.com');
    const { Subscriptions: [one] = [] } = await topic.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic.topicArn }));
    await topic.sns.send(new UnsubscribeCommand({ SubscriptionArn: one?.SubscriptionArn ?? '' }));
    await publish(topic);
    expect(bodies(topic)).toEqual([]);
    expect(topic.aws.inspect.topics.published()).toHaveLength(1);
    expect(await refusal(topic.sns.send(new UnsubscribeCommand({ SubscriptionArn: one?.SubscriptionArn ?? '' })))).toContain(
      'NotFoundException',
    );
  });
});

describe('lambda', () => {
  test("a function gets SNS's own event at the next settle", async () => {
    const topic = await withTopic();
    const events: unknown[] = [];
    const arn = topic.aws.functions.register('notifier', async (event) => events.push(event));
    const subscription = await subscribe(topic, { Protocol: 'lambda', Endpoint: arn });
    const { MessageId: messageId } = await publish(topic, {
      Subject: 'S',
      MessageAttributes: { kind: { DataType: 'String', StringValue: 'incident' } },
    });
    expect(events).toEqual([]);
    await topic.aws.settle();
    expect(events).toMatchObject([
      {
        Records: [
          {
            EventSource: 'aws:sns',
            EventVersion: '1.0',
            EventSubscriptionArn: subscription,
            Sns: {
              Type: 'Notification',
              MessageId: messageId,
              TopicArn: topic.topicArn,
              Subject: 'S',
              Message: 'hello',
              Timestamp: '2026-11-20T10:30:00.000Z',
              MessageAttributes: { kind: { Type: 'String', Value: 'incident' } },
            },
          },
        ],
      },
    ]);
  });

  test('a failed delivery is tried again after one and then two minutes, then it is a dead letter', async () => {
    const topic = await withTopic();
    const triedAt: number[] = [];
    const arn = topic.aws.functions.register('notifier', async () => {
      triedAt.push((topic.clock.now() - start) / MINUTE);
      throw new Error('Slack is down');
    });
    const start = topic.clock.now();
    await subscribe(topic, { Protocol: 'lambda', Endpoint: arn });
    await publish(topic);
    for (let half = 0; half < 20; half += 1) {
      await topic.aws.settle();
      topic.clock.advance(MINUTE / 2);
    }
    expect(triedAt).toEqual([0, 1, 3]);
    expect(topic.aws.functions.deadLetters('notifier')).toMatchObject([
      { kind: 'sns', errorMessage: 'Slack is down', event: { Records: [{}] } },
    ]);
    expect(topic.aws.functions.invocations('notifier').map((run) => run.ok)).toEqual([false, false, false]);
  });

  test('a delivery that succeeds at last is no dead letter', async () => {
    const topic = await withTopic();
    let failures = 1;
    const arn = topic.aws.functions.register('notifier', async () => {
      if (failures-- > 0) throw new Error('once');
    });
    await subscribe(topic, { Protocol: 'lambda', Endpoint: arn });
    await publish(topic);
    await topic.aws.settle();
    topic.clock.advance(MINUTE);
    await topic.aws.settle();
    expect(topic.aws.functions.invocations('notifier').map((run) => run.ok)).toEqual([false, true]);
    expect(topic.aws.functions.deadLetters('notifier')).toEqual([]);
  });
});

describe('what SNS would refuse is refused', () => {
  test.each<[string, Partial<PublishCommandInput>, string]>([
    ['an empty message', { Message: '' }, 'Invalid parameter: Empty message'],
    ['more than 256 KiB', { Message: 'x'.repeat(262_145) }, 'Invalid parameter: Message too long'],
    ['a subject of 101 characters', { Subject: 'x'.repeat(101) }, 'Invalid parameter: Subject'],
    ['a subject with a line break', { Subject: 'a\nb' }, 'Invalid parameter: Subject'],
    ['a subject beyond ASCII', { Subject: 'Schlüssel' }, 'Invalid parameter: Subject'],
    ['JSON that is none', { Message: '{', MessageStructure: 'json' }, 'JSON message body failed to parse'],
    ['JSON without a default', { Message: '{"email":"x"}', MessageStructure: 'json' }, 'No default entry in JSON message body'],
    ['a topic that is gone', { TopicArn: 'arn:aws:sns:us-east-1:000000000000:gone' }, 'NotFoundException: Topic does not exist'],
    [
      'an attribute without a value',
      { MessageAttributes: { kind: { DataType: 'String', StringValue: '' } } },
      "The message attribute 'kind' must contain non-empty message attribute value for message attribute type 'String'.",
    ],
    ['a phone number', { PhoneNumber: '+10000000000' }, 'does not offer sns:Publish: PhoneNumber'],
    [
      'an attribute of numbers',
      { MessageAttributes: { n: { DataType: 'Number', StringValue: '1' } } },
      'does not offer sns:Publish with an attribute of the type Number',
    ],
  ])('a message with %s', async (_what, input, expected) => {
    const topic = await withTopic();
    expect(await refusal(publish(topic, input))).toContain(expected);
    expect(topic.aws.inspect.topics.published()).toEqual([]);
  });

  test.each<[Partial<SubscribeCommandInput>, string]>([
    [{ Protocol: 'https', Endpoint: 'https://example.com' }, 'does not offer sns:Subscribe of https'],
    [{ Protocol: 'email-json' }, 'does not offer sns:Subscribe of email-json'],
    [{ Protocol: 'email', Endpoint: 'nobody' }, 'Invalid parameter: Endpoint'],
    [{ Protocol: 'lambda', Endpoint: 'arn:aws:lambda:us-east-1:000000000000:function:gone' }, 'Invalid parameter: Endpoint'],
    [{ Attributes: { FilterPolicy: '{}' } }, 'does not offer sns:Subscribe: Attributes'],
  ])('the subscription %j', async (input, expected) => {
    const topic = await withTopic();
    expect(await refusal(subscribe(topic, input))).toContain(expected);
    expect(topic.aws.inspect.topics.subscriptions()).toEqual([]);
  });
});

test('256 KiB and a subject of 100 characters are still delivered', async () => {
  const topic = await withTopic();
  await subscribe(topic, {});
  topic.aws.mailbox.confirm('ops@example.com');
  await publish(topic, { Message: 'x'.repeat(262_144), Subject: 'S'.repeat(100) });
  expect(topic.aws.mailbox.messages()).toMatchObject([{ subject: 'S'.repeat(100) }]);
});

test('a topic is created once', async () => {
  const topic = await withTopic();
  expect((await topic.sns.send(new CreateTopicCommand({ Name: 'alerts' }))).TopicArn).toBe(topic.topicArn);
});

test.each<[string, string]>([
  ['topic', 'Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1'],
  ['arn:aws:sns:us-east-1:000000000000', 'Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 5'],
  ['arn:aws:sqs:us-east-1:000000000000:queue', 'Invalid parameter: TopicArn'],
  ['arn:aws:sns:us-east-1:000000000000:topic:subscription', 'Invalid parameter: TopicArn'],
  ['arn:aws:sns:us-east-1:0000:topic', 'Invalid parameter: TopicArn'],
  ['arn:aws:sns:us-east-1:000000000000:', 'Invalid parameter: TopicArn'],
])('what is no ARN of a topic is refused, and not called missing: %s', async (TopicArn, expected) => {
  const { sns } = await aws();
  const calls = [
    sns.send(new PublishCommand({ TopicArn, Message: 'm' })),
    sns.send(new ListSubscriptionsByTopicCommand({ TopicArn })),
    sns.send(new SubscribeCommand({ TopicArn, Protocol: 'email', Endpoint: 'a@example.com' })),
  ];
  for (const call of calls) expect(await refusal(call)).toBe(`InvalidParameterException: ${expected}`);
});
