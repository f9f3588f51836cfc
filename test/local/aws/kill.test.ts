import { InvokeCommand } from '@aws-sdk/client-lambda';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateTopicCommand, PublishCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { describe, expect, onTestFinished, test } from 'vitest';
import { aws, MINUTE, refusal, token } from './clients.ts';
import type { Clients } from './clients.ts';
import { eventTypes, FOUR, labels, rotate, steps, rotatedLabels, withRotator } from './rotator.ts';

const NEVER = new Promise<undefined>(() => undefined);

/** Whoever makes the next call of `operation` dies at that moment. */
function dieAt({ aws: server }: Clients, operation: string, phase: 'before' | 'after'): void {
  const off = server.intercept.onCall((call) => {
    if (call.operation !== operation || call.phase !== phase) return undefined;
    off();
    server.functions.kill();
    return NEVER;
  });
}

/** A function that creates the secret that its event names, and what it did after that. */
async function withMaker(): Promise<Clients & { readonly after: string[] }> {
  const clients = await aws();
  const after: string[] = [];
  clients.aws.functions.register('maker', async (event) => {
    const name = String((event as { name?: unknown }).name);
    await clients.secrets.send(new CreateSecretCommand({ Name: name }));
    after.push(name);
  });
  return { ...clients, after };
}

describe('an invocation that is killed', () => {
  test('fails for who invoked it and in the record, and what its handler answers later is not heard', async () => {
    const clients = await aws();
    let finish: (value: string) => void = () => undefined;
    clients.aws.functions.register('slow', () => new Promise((resolve) => (finish = resolve)));
    const invoked = clients.aws.functions.invoke('slow', {});
    expect(clients.aws.functions.kill()).toBe(1);
    expect(clients.aws.functions.kill()).toBe(0);
    await expect(invoked).rejects.toThrow('Task timed out');
    let ended = false;
    const end = clients.aws.functions.killedHaveEnded().then(() => (ended = true));
    await clients.aws.settle();
    expect(ended).toBe(false);
    finish('too late');
    await end;
    expect(clients.aws.functions.invocations('slow')).toEqual([
      { at: clients.clock.now(), kind: 'direct', ok: false, errorMessage: 'Task timed out' },
    ]);
  });

  test('is not one that has ended', async () => {
    const clients = await aws();
    clients.aws.functions.register('quick', async () => 'done');
    await clients.aws.functions.invoke('quick', {});
    expect(clients.aws.functions.kill()).toBe(0);
  });

  test('may throw later, unheard', async () => {
    const clients = await aws();
    let fail: (error: Error) => void = () => undefined;
    clients.aws.functions.register('slow', () => new Promise((_, reject) => (fail = reject)));
    const invoked = refusal(clients.aws.functions.invoke('slow', {}));
    clients.aws.functions.kill();
    fail(new Error('too late'));
    expect(await invoked).toBe('Sandbox.Timedout: Task timed out');
    await clients.aws.functions.killedHaveEnded();
    expect(clients.aws.functions.invocations('slow')).toHaveLength(1);
  });

  test.each<['before' | 'after', string[]]>([
    ['before', []],
    ['after', ['key']],
  ])('by a hook %s the effect of its call goes no further, even when the server stops', async (phase, made) => {
    const clients = await withMaker();
    dieAt(clients, 'CreateSecret', phase);
    expect(await refusal(clients.aws.functions.invoke('maker', { name: 'key' }))).toContain('Task timed out');
    expect(clients.aws.inspect.secrets.names()).toEqual(made);
    // The same function serves others while the call of the dead one hangs.
    await clients.aws.functions.invoke('maker', { name: 'other' });
    expect(clients.after).toEqual(['other']);
    await clients.aws.stop();
    await clients.aws.functions.killedHaveEnded();
    expect(clients.after).toEqual(['other']);
    expect(clients.aws.inspect.secrets.names()).toEqual([...made, 'other']);
  });

  test('is one of those named; others of that moment live on', async () => {
    const clients = await aws();
    const finish: (() => void)[] = [];
    for (const name of ['a', 'b']) {
      clients.aws.functions.register(name, () => new Promise((resolve) => finish.push(() => resolve(name))));
    }
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:a';
    const outcomes = Promise.allSettled(['a', 'a', 'b'].map((name) => clients.aws.functions.invoke(name, {})));
    expect(clients.aws.functions.kill(arn)).toBe(2);
    for (const end of finish) end();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(() => clients.aws.functions.kill('gone')).toThrow('Function not found: gone');
  });

  test('is none where the caller that dies is no function: its call hangs until the server stops', async () => {
    const clients = await aws();
    let killed: number | undefined;
    clients.aws.intercept.onCall(() => {
      killed = clients.aws.functions.kill();
      return NEVER;
    });
    const call = refusal(clients.secrets.send(new CreateSecretCommand({ Name: 'key' })));
    await expect.poll(() => killed).toBe(0);
    await clients.aws.stop();
    expect(await call).not.toBe('the call was not refused');
  });
});

describe('AWS takes a killed invocation for a failed one', () => {
  test.each<['before' | 'after']>([['before'], ['after']])(
    'a rotation that died %s a call starts again with the same version',
    async (phase) => {
      const rotator = await withRotator();
      dieAt(rotator, 'UpdateSecretVersionStage', phase);
      await rotate(rotator, '1');
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual(FOUR);
      expect(eventTypes(rotator)).toEqual(['RotationStarted', 'RotationFailed']);
      expect((await labels(rotator))?.[token('1')]).toEqual(phase === 'before' ? ['AWSPENDING'] : rotatedLabels('stays'));
      rotator.clock.advance(5 * MINUTE);
      await rotator.aws.settle();
      expect(steps(rotator)).toEqual([...FOUR, ...FOUR]);
      expect(new Set(rotator.events.map((event) => event.ClientRequestToken)).size).toBe(1);
      expect(eventTypes(rotator).at(-1)).toBe('RotationSucceeded');
      expect((await labels(rotator))?.[token('1')]).toEqual(rotatedLabels('stays'));
    },
  );

  test('a schedule tries it again after one and two minutes, and then keeps the event', async () => {
    const clients = await withMaker();
    clients.aws.schedules.add('s', 60 * MINUTE, 'maker', { name: 'key' });
    clients.clock.advance(60 * MINUTE);
    for (const minutes of [1, 2, 0]) {
      dieAt(clients, 'CreateSecret', 'before');
      await clients.aws.settle();
      clients.clock.advance(minutes * MINUTE);
    }
    expect(clients.aws.functions.invocations('maker').map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(clients.aws.functions.deadLetters('maker')).toMatchObject([{ event: { name: 'key' }, errorMessage: 'Task timed out' }]);
  });

  test('SNS delivers again', async () => {
    const clients = await aws();
    let deliveries = 0;
    const arn = clients.aws.functions.register('reader', async () => {
      deliveries += 1;
      await clients.secrets.send(new CreateSecretCommand({ Name: `heard-${deliveries}` }));
    });
    const { TopicArn } = await clients.sns.send(new CreateTopicCommand({ Name: 'alerts' }));
    await clients.sns.send(new SubscribeCommand({ TopicArn, Protocol: 'lambda', Endpoint: arn }));
    await clients.sns.send(new PublishCommand({ TopicArn, Message: 'm' }));
    dieAt(clients, 'CreateSecret', 'after');
    await clients.aws.settle();
    clients.clock.advance(MINUTE);
    await clients.aws.settle();
    expect(clients.aws.inspect.secrets.names()).toEqual(['heard-1', 'heard-2']);
    expect(clients.aws.functions.invocations('reader').map(({ ok }) => ok)).toEqual([false, true]);
  });

  test('a client whose time-out is over makes no other attempt', async () => {
    const clients = await aws();
    const impatient = new SecretsManagerClient({
      endpoint: clients.aws.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIALOCALFAKE', secretAccessKey: 'local-fake' },
      requestHandler: { requestTimeout: 50, throwOnRequestTimeout: true },
    });
    onTestFinished(() => impatient.destroy());
    let calls = 0;
    clients.aws.intercept.onCall(({ phase }) => {
      if (phase === 'after') return undefined;
      calls += 1;
      return calls === 1 ? NEVER : undefined;
    });
    await expect(impatient.send(new CreateSecretCommand({ Name: 'key' }))).rejects.toThrow('50 ms');
    expect(calls).toBe(1);
    expect(clients.aws.inspect.secrets.names()).toEqual([]);
  });

  test('Invoke answers with a function error', async () => {
    const clients = await withMaker();
    dieAt(clients, 'CreateSecret', 'before');
    const answer = await clients.lambda.send(new InvokeCommand({ FunctionName: 'maker', Payload: '{"name":"key"}' }));
    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(JSON.parse(answer.Payload?.transformToString() ?? '')).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: 'Task timed out',
    });
  });
});
