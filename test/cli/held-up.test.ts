import { afterEach, expect, test } from 'vitest';
import { hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { othersAtWork } from '../support/others.ts';
import { anOperator, type Operator } from './operator.ts';
import { shortAndLong } from '../support/long.ts';

let me: Operator;
afterEach(() => me.leaves());

/** What a command is about to do to a key, with `inactive` or `active` as it finds it. */
interface Scene {
  /** Answers the API key id, the arguments and what is typed. */
  readonly prepare: () => Promise<readonly [apiKeyId: string, args: readonly string[], stdin?: string]>;
  readonly before: 'active' | 'inactive';
}

const scenes: readonly (readonly [string, Scene])[] = [
  [
    'standby add',
    {
      before: 'active',
      async prepare() {
        const { id, value } = me.made();
        return [id, ['standby', 'add', 'production'], `${value}\n`];
      },
    },
  ],
  [
    'standby remove',
    {
      before: 'inactive',
      async prepare() {
        const id = await me.added();
        return [id, ['standby', 'remove', 'production', id, '--yes']];
      },
    },
  ],
  [
    'rotate --emergency of an old key that somebody reactivated',
    {
      before: 'active',
      async prepare() {
        const old = await me.added();
        await me.added();
        await me.run(['rotate', 'production', '--yes']);
        await me.world.passes(hourMs, { beatMs: hourMs });
        await me.run(['rotate', 'production', '--yes']);
        await me.world.passes(48 * hourMs, { beatMs: 12 * hourMs, eachMinute: othersAtWork(me.world) });
        me.world.anthropic.console.setStatus(old, 'active');
        me.world.clock.advance(minuteMs);
        return [old, ['rotate', 'production', '--emergency', '--api-key-id', old, '--because', 'leaked', '--yes']];
      },
    },
  ],
];

for (const [cases, options] of shortAndLong(2, scenes))
  test.each(cases)('%s stops where its machine stood still between intent and effect', options, async (_name, { prepare, before }) => {
    me = await anOperator();
    const [id, args, stdin] = await prepare();
    expect(me.world.anthropic.inspect.key(id).status).toBe(before);
    const stop = me.world.aws.intercept.onCall(({ phase, operation }) => {
      if (phase !== 'after' || operation !== 'TransactWriteItems') return undefined;
      stop();
      me.world.clock.advance(3 * minuteMs);
      return undefined;
    });
    const said = await me.run(args, stdin);
    expect(said.code).toBe(1);
    expect(said.err).toContain(`this command was held up for minutes while it was at work on ${id} of production`);
    expect(said.err).toContain('give it again in five minutes');
    expect(me.world.anthropic.inspect.key(id).status).toBe(before);
  });
