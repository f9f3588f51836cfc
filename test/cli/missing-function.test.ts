import { afterEach, expect, test } from 'vitest';
import { functionNames } from '../../contract/registry.ts';
import { anOperator, type Operator } from './operator.ts';

let me: Operator;
afterEach(() => me.leaves());

test('a function that somebody deleted disables no command, an emergency least of all', async () => {
  me = await anOperator();
  const first = await me.added();
  await me.run(['rotate', 'production', '--yes']);
  await me.added();
  const { functions } = me.world.aws;
  functions.remove('keyguard-retirement');

  expect(await me.run(['status'])).toMatchObject({ code: 0 });
  const emergency = await me.run(['rotate', 'production', '--emergency', '--yes']);
  expect(emergency.err).toContain(`nobody cuts off ${first}: there is no function keyguard-retirement`);
  expect(emergency.err).toContain(`make ${first} inactive in the Claude Console`);
  expect(me.world.ledger().find(({ apiKeyId }) => apiKeyId === first)).toMatchObject({ state: 'draining' });
  const doctor = await me.run(['doctor']);
  expect(doctor.out).toMatch(/^broken +keyguard, functions: there is no function keyguard-retirement; /m);
  expect(doctor.out).not.toContain('there is no function keyguard-rotation');

  functions.remove('keyguard-rotation');
  expect(await me.run(['status'])).toMatchObject({ code: 0 });
  expect((await me.run(['doctor'])).out).toMatch(/^broken +keyguard, rotation permission/m);
  for (const name of functionNames) functions.remove(`keyguard-${name}`);
  expect(await me.run(['status'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('(none of its functions, such as keyguard-retirement, is here)') as unknown,
  });
});
