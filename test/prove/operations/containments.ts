import { incidentPorts, rotationPorts } from '../../../lambda/adapters/assemble.ts';
import { secretsManager } from '../../../lambda/adapters/aws/clients.ts';
import { rotations } from '../../../lambda/adapters/aws/secret-versions.ts';
import { openTable } from '../../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../../lambda/adapters/aws/usage-ledger.ts';
import { hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { KeyguardError } from '../../../lambda/foundation/errors.ts';
import { jsonLog } from '../../../lambda/foundation/log.ts';
import { announceOwed } from '../../../lambda/incidents/announce.ts';
import { containIncidents, findBrakes } from '../../../lambda/incidents/contain.ts';
import { record } from '../../../lambda/incidents/raise.ts';
import { managedKey, type Ground, type MadeKey } from '../ground.ts';
import { beat, intake, outcome, rotated, stepsAgain, type Operation, type Prepared } from '../operation.ts';

/** Incidents on keys that consumers read. */
export const containments: readonly Operation[] = [
  {
    name: 'containment-of-current',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      // However often containment asks for a rotation: it asks for one.
      const extra = await ground.adds();
      const look = await stolen(ground, next);
      return {
        ...minutes(ground, look),
        beside: [look, beat(ground, 'retirement'), stepsAgain(ground), intake(ground, ground.makes())],
        outcome: () =>
          outcome(ground, { old, next, spare, extra }, { old: 'draining', next: 'contained', spare: 'current', extra: 'standby' }),
      };
    },
  },
  {
    name: 'containment-of-last-credential',
    world: { managedKeys: [{ name: managedKey, containment: { mode: 'auto', lastCredential: 'cut' } }] },
    async prepare(ground) {
      const key = await ground.adds();
      await ground.rotates();
      await ground.passes(hourMs);
      const look = await stolen(ground, key);
      return {
        ...minutes(ground, look),
        // A key that comes just now replaces it first.
        beside: [look, beat(ground, 'retirement'), intake(ground, ground.makes())],
        outcome: () => outcome(ground, { key }, { key: 'contained' }),
      };
    },
  },
];

/** Usage of the key looks stolen. The detector's minute without its detection: it would find that nothing is unusual. */
async function stolen({ world, observer }: Ground, key: MadeKey): Promise<() => Promise<void>> {
  observer.told({ kind: 'containment', apiKeyId: key.id });
  const { installation, alertTopicArn: alertTopic, dashboardUrl, stateTable, adminAccess, ...env } = world.installation;
  const table = openTable(stateTable);
  const log = jsonLog((line) => (world.logs as string[]).push(line));
  const incidents = incidentPorts({ alertTopic, installation, dashboardUrl }, table, { clock: world.clock, log });
  await record('usage-anomaly', managedKey, { apiKeyId: key.id }, incidents);
  const access = { ...env, adminAccess: JSON.stringify(adminAccess), alertTopic, stackName: 'keyguard', definitions: world.definitions() };
  const secrets = secretsManager();
  const ports = {
    ...rotationPorts(access, table, secrets, incidents),
    ...incidents,
    usage: usageLedger(table, world.clock),
    rotations: rotations(secrets),
  };
  world.aws.functions.register('anomaly-detector', async () => {
    const brakes = await findBrakes(ports);
    const unannounced = await announceOwed(ports);
    const { failed } = await containIncidents(ports);
    if (failed + unannounced + brakes.failed > 0) throw new KeyguardError('detection-incomplete', 'some failed', 'see the function log');
  });
  return async () => {
    try {
      await world.aws.functions.invoke('anomaly-detector', {}, 'by hand');
    } catch {
      return;
    }
  };
}

/** The first minute tells people and asks for another key where there is one; Secrets Manager rotates; the next minute cuts. */
function minutes(ground: Ground, look: () => Promise<void>): Pick<Prepared, 'act' | 'again' | 'atOnce'> {
  const act = async (): Promise<void> => {
    await look();
    await ground.passes(minuteMs);
    await look();
  };
  return {
    act,
    again: async () => {
      await act();
      ground.world.aws.schedules.enable('anomaly-detector');
    },
    atOnce: look,
  };
}
