import { afterEach, expect, test } from 'vitest';
import { anOperator, type Operator } from './operator.ts';

let me: Operator;
afterEach(() => me.leaves());

test('a removed managed key is named until its keys are inactive, and no command rotates it', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production' }, { name: 'batch' }] });
  const first = await me.added();
  await me.world.rotate('production');
  const second = await me.added();
  expect((await me.run(['status'])).out).not.toContain('removed');
  await me.world.removes('production');

  const status = await me.run(['status']);
  expect(status.out).toContain(`production: removed from the configuration, with ${first} (current), ${second} (standby)`);
  expect(status.out).toMatch(/^batch: /m);
  expect(await me.asJson(['status'])).toMatchObject({ removedKeys: [{ name: 'production' }], managedKeys: [{ name: 'batch' }] });
  const doctor = await me.run(['doctor']);
  expect(doctor.out).toMatch(/^warning +keyguard, removed keys: production is removed from the configuration.*; fix: .*Claude Console/m);
  expect(await me.run(['rotate', 'production'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('choose one of: batch; or add it to keyguard.json and deploy') as unknown,
  });
});
