import { afterEach, beforeEach, expect, test } from 'vitest';
import { keyDirectoryPath } from '../../../contract/installation.ts';
import { incidentPorts, retirementPorts } from '../../../lambda/adapters/assemble.ts';
import { secretsManager } from '../../../lambda/adapters/aws/clients.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import { jsonLog } from '../../../lambda/foundation/log.ts';
import type { IncidentPorts } from '../../../lambda/incidents/ports.ts';
import { clear, raise } from '../../../lambda/incidents/raise.ts';
import type { RetirementPorts } from '../../../lambda/rotation/ports.ts';
import { startWorld, type World } from '../../../local/world.ts';

let world: World;
let ports: IncidentPorts;
let watch: RetirementPorts['watch'];
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
  for (const name of ['retirement', 'anomaly-detector', 'usage-collector']) world.aws.schedules.disable(name);
  const { alertTopicArn: alertTopic, installation, dashboardUrl, stateTable, adminAccess, ...env } = world.installation;
  const table = openTable(stateTable);
  ports = incidentPorts({ alertTopic, installation, dashboardUrl }, table, { clock: world.clock, log: jsonLog(() => undefined) });
  const access = { ...env, adminAccess: JSON.stringify(adminAccess), keyDirectory: keyDirectoryPath(installation) };
  ({ watch } = retirementPorts(access, table, secretsManager(), ports));
});
afterEach(() => world.stop());

const down: IncidentPorts['publisher'] = { publish: () => Promise.reject(new Error('sns:Publish')) };

test('a rotation that failed again after a success nobody could be told of counts as failed', async () => {
  const unheard = { ...ports, publisher: down };
  await raise('rotation-failed', 'production', { reason: 'first' }, ports);
  expect([...(await watch.failedRotations())]).toEqual([['production', { at: world.clock.now(), facts: { reason: 'first' } }]]);
  world.clock.advance(minuteMs);
  await clear('rotation-failed', 'production', 'the rotation succeeded', unheard).catch(() => undefined);
  expect([...(await watch.failedRotations())]).toEqual([]);
  world.clock.advance(minuteMs);
  await raise('rotation-failed', 'production', { reason: 'second' }, unheard).catch(() => undefined);
  expect([...(await watch.failedRotations())]).toEqual([['production', { at: world.clock.now(), facts: { reason: 'second' } }]]);
});
