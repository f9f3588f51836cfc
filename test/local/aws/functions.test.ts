import { CreateSecretCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from 'vitest';
import { aws, HOUR, MINUTE } from './clients.ts';

describe('functions', () => {
  test('a handler gets its event and a context like on AWS, and its answer comes back', async () => {
    const clients = await aws();
    const arn = clients.aws.functions.register(
      'echo',
      async (event, context) => {
        await clients.clock.pause(4000);
        return { event, name: context.functionName, arn: context.invokedFunctionArn, leftMs: context.getRemainingTimeInMillis() };
      },
      { timeoutSeconds: 10 },
    );
    expect(arn).toBe('arn:aws:lambda:us-east-1:000000000000:function:echo');
    expect(await clients.aws.functions.invoke(arn, { a: 1 })).toEqual({ event: { a: 1 }, name: 'echo', arn, leftMs: 6000 });
    expect(clients.aws.functions.invocations('echo')).toEqual([{ at: clients.clock.now() - 4000, kind: 'direct', ok: true }]);
  });

  test("a handler's error reaches who called it, and is in the record without the event", async () => {
    const clients = await aws();
    clients.aws.functions.register('broken', async () => {
      throw new Error('no');
    });
    await expect(clients.aws.functions.invoke('broken', { value: 'not to be kept' })).rejects.toThrow('no');
    expect(clients.aws.functions.invocations('broken')).toEqual([
      { at: clients.clock.now(), kind: 'direct', ok: false, errorMessage: 'no' },
    ]);
    await expect(clients.aws.functions.invoke('gone', {})).rejects.toThrow('Function not found: gone');
  });

  test('registering again puts new code under the old name and keeps the record', async () => {
    const clients = await aws();
    clients.aws.functions.register('f', async () => 'old');
    await clients.aws.functions.invoke('f', {});
    clients.aws.functions.register('f', async () => 'new');
    expect(await clients.aws.functions.invoke('f', {})).toBe('new');
    expect(clients.aws.functions.invocations('f')).toHaveLength(2);
  });

  test('a function that allows no retries fails once', async () => {
    const clients = await aws();
    clients.aws.functions.register(
      'f',
      async () => {
        throw new Error('no');
      },
      { retryAttempts: 0 },
    );
    clients.aws.functions.invokeLater('f', { a: 1 }, 'test');
    await clients.aws.settle();
    clients.clock.advance(HOUR);
    await clients.aws.settle();
    expect(clients.aws.functions.invocations('f')).toHaveLength(1);
    expect(clients.aws.functions.deadLetters('f')).toMatchObject([{ kind: 'test', event: { a: 1 }, errorMessage: 'no' }]);
  });
});

describe('schedules', () => {
  test('beats come in the order of time over all schedules, each with its own instant', async () => {
    const clients = await aws();
    const seen: string[] = [];
    for (const name of ['collector', 'detector']) {
      clients.aws.functions.register(name, async (event) => {
        if (typeof event === 'object' && event !== null && 'time' in event) seen.push(`${name} ${String(event.time).slice(11, 16)}`);
      });
    }
    clients.aws.schedules.add('collect', MINUTE, 'collector');
    clients.aws.schedules.add('detect', 2 * MINUTE, 'detector');
    await clients.aws.settle();
    expect(seen).toEqual([]);
    clients.clock.advance(4 * MINUTE);
    await clients.aws.settle();
    expect(seen).toEqual(['collector 10:31', 'collector 10:32', 'detector 10:32', 'collector 10:33', 'collector 10:34', 'detector 10:34']);
    await clients.aws.settle();
    expect(seen).toHaveLength(6);
  });

  test('beats that were missed can be run as one, and the rhythm stays', async () => {
    const clients = await aws();
    const times: string[] = [];
    clients.aws.functions.register('f', async (event) => {
      if (typeof event === 'object' && event !== null && 'time' in event) times.push(String(event.time).slice(11, 16));
    });
    clients.aws.schedules.add('s', 5 * MINUTE, 'f');
    clients.clock.advance(62 * MINUTE);
    await clients.aws.settle({ coalesce: true });
    clients.clock.advance(3 * MINUTE);
    await clients.aws.settle({ coalesce: true });
    expect(times).toEqual(['11:30', '11:35']);
  });

  test("without an input the event is Scheduler's own, with one it is the input", async () => {
    const clients = await aws();
    const events: unknown[] = [];
    clients.aws.functions.register('f', async (event) => events.push(event));
    clients.aws.schedules.add('plain', MINUTE, 'f');
    clients.aws.schedules.add('own', MINUTE, 'f', { mode: 'short' });
    clients.clock.advance(MINUTE);
    await clients.aws.settle();
    expect(events).toEqual([
      {
        version: '0',
        id: expect.any(String) as string,
        'detail-type': 'Scheduled Event',
        source: 'aws.scheduler',
        account: '000000000000',
        time: '2026-11-20T10:31:00Z',
        region: 'us-east-1',
        resources: ['arn:aws:scheduler:us-east-1:000000000000:schedule/default/plain'],
        detail: '{}',
      },
      { mode: 'short' },
    ]);
  });

  test('a disabled schedule is silent, and does not make up for it', async () => {
    const clients = await aws();
    clients.aws.functions.register('f', async () => undefined);
    clients.aws.schedules.add('s', MINUTE, 'f');
    clients.aws.schedules.disable('s');
    clients.clock.advance(10 * MINUTE);
    await clients.aws.settle();
    clients.aws.schedules.enable('s');
    await clients.aws.settle();
    expect(clients.aws.functions.invocations('f')).toHaveLength(0);
    clients.clock.advance(MINUTE);
    await clients.aws.settle();
    expect(clients.aws.functions.invocations('f')).toHaveLength(1);
  });

  test('what AWS would refuse is refused', async () => {
    const clients = await aws();
    expect(() => clients.aws.schedules.add('s', MINUTE, 'gone')).toThrow('no function gone is registered');
    clients.aws.functions.register('f', async () => undefined);
    expect(() => clients.aws.schedules.add('s', MINUTE - 1, 'f')).toThrow('at least one minute');
    expect(() => clients.aws.schedules.disable('s')).toThrow('no schedule named s');
  });

  test('a handler that moves the clock does not keep its own schedule due for ever', async () => {
    const clients = await aws();
    clients.aws.functions.register('slow', async () => clients.clock.pause(3 * MINUTE));
    clients.aws.schedules.add('s', MINUTE, 'slow');
    clients.clock.advance(MINUTE);
    await clients.aws.settle();
    expect(clients.aws.functions.invocations('slow')).toHaveLength(1);
  });
});

describe('settling', () => {
  test('schedules, retries and rotations run in the order of time', async () => {
    const clients = await aws();
    const order: string[] = [];
    clients.aws.functions.register('beat', async () => order.push('beat'));
    clients.aws.functions.register('failing', async () => {
      order.push('delivery');
      throw new Error('no');
    });
    const rotator = clients.aws.functions.register('rotator', async () => {
      order.push('rotation');
      throw new Error('no');
    });
    await clients.secrets.send(new CreateSecretCommand({ Name: 'key', SecretString: 'v' }));
    await clients.secrets.send(
      new RotateSecretCommand({
        SecretId: 'key',
        RotationLambdaARN: rotator,
        RotateImmediately: false,
        RotationRules: { ScheduleExpression: 'cron(0 12 * * ? *)' },
      }),
    );
    await clients.aws.settle();
    order.length = 0;
    // The second try of the delivery at 10:31, beats at 11:30 and 12:30, the window at 12:00.
    clients.aws.schedules.add('hourly', HOUR, 'beat');
    clients.aws.functions.invokeLater('failing', {}, 'test');
    await clients.aws.settle();
    clients.clock.advance(2 * HOUR);
    await clients.aws.settle();
    expect(order).toEqual(['delivery', 'delivery', 'beat', 'rotation', 'beat']);
  });

  test('calls that overlap wait for one another', async () => {
    const clients = await aws();
    let [inside, most] = [0, 0];
    clients.aws.functions.register('f', async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    });
    clients.aws.schedules.add('s', MINUTE, 'f');
    clients.clock.advance(5 * MINUTE);
    await Promise.all([clients.aws.settle(), clients.aws.settle(), clients.aws.settle()]);
    expect(most).toBe(1);
    expect(clients.aws.functions.invocations('f')).toHaveLength(5);
  });
});
