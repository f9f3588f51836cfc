import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, expect, test } from 'vitest';
import type { ContainmentPolicy } from '../../../contract/policy.ts';
import type { IncidentRecord } from '../../../contract/records.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { long, shortAndLong } from '../../support/long.ts';

/** What others in the account can write is no reason to cut a key off. */
let world: World;
afterEach(() => world.stop());

const off: ContainmentPolicy = { mode: 'off', lastCredential: 'keep' };

const statusOf = (id: string): string | undefined => world.anthropic.inspect.keys().find((key) => key.id === id)?.status;
const bodies = (): string =>
  world.aws.mailbox
    .messages()
    .map(({ body }) => body.replace(/\s+/g, ' '))
    .join('\n');

/** Two managed keys, each with a current key and one in its grace. */
async function twoKeys(): Promise<{ readonly old: string; readonly current: string }> {
  world = await startWorld({ managedKeys: [{ name: 'production' }, { name: 'staging', containment: off }] });
  for (const name of ['production', 'staging']) {
    for (let number = 0; number < 3; number += 1) await world.addStandbyKey(name);
    await world.rotate(name);
    await world.rotate(name);
  }
  const idOf = (state: string): string =>
    world.ledger().find((record) => record.managedKey === 'staging' && record.state === state)?.apiKeyId ?? '';
  return { old: idOf('draining'), current: idOf('current') };
}

/** Somebody who may write the table puts an incident there, of which people seem to have been told. */
async function forged(changes: Pick<IncidentRecord, 'kind' | 'subject' | 'facts'> & Partial<IncidentRecord>): Promise<void> {
  const now = world.clock.now();
  const incident: IncidentRecord = {
    schema: 1,
    incidentId: 'forged',
    state: 'open',
    revision: 1,
    openedAt: now,
    since: now,
    lastFindingAt: now,
    announced: ['open'],
    ...changes,
  };
  const table = openTable(world.installation.stateTable);
  const Item = { ...incident, pk: 'INCIDENT', sk: `${incident.kind}#${incident.subject}` };
  await table.documents.send(new PutCommand({ TableName: table.name, Item }));
}

for (const [cases, options] of shortAndLong(1, ['old', 'current'] as const))
  test.each(cases)(
    'an incident of one managed key cuts no key of another, whose policy leaves it to people: %s',
    options,
    async (which) => {
      const ids = await twoKeys();
      await forged({ kind: 'usage-anomaly', subject: 'production', facts: { apiKeyId: ids[which], startedAt: world.clock.now() } });
      await world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
      expect(statusOf(ids[which])).toBe('active');
      expect(world.ledger().filter(({ state }) => state === 'contained')).toEqual([]);
      expect(bodies()).toContain(`${ids[which]} is a key of staging, and what happens to it is a matter of that managed key's own policy`);
    },
  );

test('neither does one that names it as the key that is being cut off', long, async () => {
  const { old } = await twoKeys();
  await forged({ kind: 'usage-anomaly', subject: 'production', facts: {}, state: 'containing', target: old });
  await world.passes(10 * minuteMs);
  expect(statusOf(old)).toBe('active');
});

test('an incident whose figures the exact totals do not bear out cuts no key off, and people hear why', long, async () => {
  await twoKeys();
  const apiKeyId = world.ledger().find(({ managedKey, state }) => managedKey === 'production' && state === 'current')?.apiKeyId ?? '';
  const facts = { apiKeyId, metric: 'outputTokens', observed: 40_000, startedAt: world.clock.now() };
  await forged({ kind: 'usage-anomaly', subject: 'production', facts });
  await world.passes(5 * minuteMs);
  expect(world.ledger().filter(({ state }) => state === 'contained')).toEqual([]);
  expect(statusOf(apiKeyId)).toBe('active');
  expect(bodies()).toContain('It was not cut off automatically: the exact totals of production show at most 0 output tokens in a minute');
});
