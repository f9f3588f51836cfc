import { incidentPorts, rotationPorts } from '../../../lambda/adapters/assemble.ts';
import { secretsManager } from '../../../lambda/adapters/aws/clients.ts';
import { expectedUsage } from '../../../lambda/adapters/aws/expected-usage.ts';
import { rotations } from '../../../lambda/adapters/aws/secret-versions.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../../lambda/adapters/aws/usage-ledger.ts';
import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { KeyguardError } from '../../../lambda/foundation/errors.ts';
import { jsonLog } from '../../../lambda/foundation/log.ts';
import { announceOwed } from '../../../lambda/incidents/announce.ts';
import { containIncidents, findBrakes } from '../../../lambda/incidents/contain.ts';
import { record } from '../../../lambda/incidents/raise.ts';
import { managedKey, type ProofWorld, type MadeKey } from '../world.ts';
import { beat, intake, outcome, rotated, stepsAgain, type Operation, type Prepared } from '../operation.ts';

/** Incidents on keys that consumers read. */
export const containments: readonly Operation[] = [
  {
    name: 'containment-of-current',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const spare = await world.adds();
      // However often containment asks for a rotation: it asks for one.
      const extra = await world.adds();
      const look = await stolen(world, next);
      return {
        ...minutes(world, look),
        beside: [look, beat(world, 'retirement'), stepsAgain(world), intake(world, world.makes())],
        outcome: () =>
          outcome(world, { old, next, spare, extra }, { old: 'draining', next: 'contained', spare: 'current', extra: 'standby' }),
      };
    },
  },
  {
    name: 'containment-of-last-credential',
    world: { managedKeys: [{ name: managedKey, containment: { mode: 'auto', lastCredential: 'cut' } }] },
    async prepare(world) {
      const key = await world.adds();
      await world.rotates();
      await world.passes(hourMs);
      const look = await stolen(world, key);
      return {
        ...minutes(world, look),
        // A key that comes just now replaces it first.
        beside: [look, beat(world, 'retirement'), intake(world, world.makes())],
        outcome: () => outcome(world, { key }, { key: 'contained' }),
      };
    },
  },
];

/** Usage of the key looks stolen. The detector's minute without its detection: it would find that nothing is unusual. */
async function stolen({ local, observer }: ProofWorld, key: MadeKey): Promise<() => Promise<void>> {
  observer.told({ kind: 'containment', apiKeyId: key.id });
  const { installation, alertTopicArn: alertTopic, dashboardUrl, stateTable, adminAccess, ...env } = local.installation;
  const table = openTable(stateTable);
  const log = jsonLog((line) => (local.logs as string[]).push(line));
  const incidents = incidentPorts({ alertTopic, installation, dashboardUrl }, table, { clock: local.clock, log });
  await record('usage-anomaly', managedKey, { apiKeyId: key.id }, incidents);
  const access = { ...env, adminAccess: JSON.stringify(adminAccess), alertTopic, stackName: 'keyguard', definitions: local.definitions() };
  const secrets = secretsManager();
  const ports = {
    ...rotationPorts(access, table, secrets, incidents),
    ...incidents,
    usage: usageLedger(table, local.clock),
    rotations: rotations(secrets),
    expected: expectedUsage(table),
    // A finding that measures nothing is not read again.
    feed: { minutes: async () => [] },
  };
  local.aws.functions.register('anomaly-detector', async () => {
    const brakes = await findBrakes(ports);
    const unannounced = await announceOwed(ports);
    const { failed } = await containIncidents(ports);
    if (failed + unannounced + brakes.failed > 0) throw new KeyguardError('detection-incomplete', 'some failed', 'see the function log');
  });
  return async () => {
    try {
      await local.aws.functions.invoke('anomaly-detector', {}, 'by hand');
    } catch {
      return;
    }
  };
}

/** The first minute tells people and asks for another key where there is one; Secrets Manager rotates; the next minute cuts. */
function minutes(world: ProofWorld, look: () => Promise<void>): Pick<Prepared, 'act' | 'again' | 'atOnce'> {
  const act = async (): Promise<void> => {
    await look();
    await world.passes(minuteMs);
    await look();
  };
  return {
    act,
    again: async () => {
      await act();
      world.local.aws.schedules.enable('anomaly-detector');
    },
    atOnce: look,
  };
}
