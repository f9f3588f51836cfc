import { UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, expect, test } from 'vitest';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { commandsIn } from './command-line.ts';
import { anOperator, type Operator } from './operator.ts';

let me: Operator;
afterEach(() => me.leaves());

/** What the newest alert of a kind tells people to run. */
function commandsOfAlert(kind: string): readonly string[] {
  const alerts = me.world.aws.inspect.topics
    .published()
    .map(({ bodies }) => JSON.parse(bodies['default'] ?? '{}') as Record<string, unknown>);
  const actions = alerts.findLast((alert) => alert['kind'] === kind)?.['actions'];
  return Array.isArray(actions) ? actions.flatMap((action) => commandsIn(String(action))) : [];
}

test('after AWSCURRENT was moved by hand, what the message names is done and not refused as a repeat', async () => {
  me = await anOperator();
  const first = await me.added();
  const second = await me.added();
  expect(await me.run(['rotate', 'production', '--yes'])).toMatchObject({ code: 0 });
  expect(await me.run(['rotate', 'production', '--yes', '--again'])).toMatchObject({ code: 0 });
  const third = await me.added();
  await me.world.passes(30 * minuteMs, { beatMs: 5 * minuteMs });
  const { secretArn } = me.world.definition('production');
  const versions = me.world.aws.inspect.secrets.versions(secretArn);
  const holding = (label: string) => versions.find(({ labels }) => labels.includes(label))?.versionId;
  await me.world.secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId: secretArn,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: holding('AWSPREVIOUS'),
      RemoveFromVersionId: holding('AWSCURRENT'),
    }),
  );
  await me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
  const states = () => Object.fromEntries(me.world.ledger().map(({ apiKeyId, state }) => [apiKeyId, state]));
  expect(states()).toEqual({ [first]: 'current', [second]: 'draining', [third]: 'standby' });
  expect(commandsOfAlert('key-changed')).toEqual(['rotate production']);
  expect(await me.run(['rotate', 'production', '--yes'])).toMatchObject({ code: 0 });
  expect(states()).toMatchObject({ [first]: 'draining', [third]: 'current' });
});

test('a standby key that is used is taken out of the pool by the command that the message names', async () => {
  me = await anOperator({ managedKeys: [{ name: 'production', containment: { mode: 'off', lastCredential: 'keep' } }] });
  await me.added();
  await me.run(['rotate', 'production', '--yes']);
  const { id, value } = me.made();
  await me.run(['standby', 'add', 'production'], `${value}\n`);
  await me.world.passes(12 * minuteMs);
  me.world.aws.schedules.disable('retirement');
  me.world.anthropic.console.setStatus(id, 'active');
  const use = { model: 'claude-sonnet-5-5', requests: 3, uncachedInputTokens: 3000, cacheReadTokens: 0, outputTokens: 900 };
  await me.world.passes(12 * minuteMs, { eachMinute: (at) => void me.world.anthropic.use(value, { ...use, at: at - minuteMs }) });
  const [command = ''] = commandsOfAlert('retired-key-used');
  expect(command).toBe(`standby remove production ${id}`);
  expect(await me.run([...command.split(' '), '--yes'])).toMatchObject({ code: 0 });
  expect(me.world.anthropic.inspect.key(id).status).toBe('archived');
});
