import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { readSchedule } from '../../lambda/adapters/aws/secret-versions.ts';
import { usageLedger } from '../../lambda/adapters/aws/usage-ledger.ts';
import { hourMs, systemClock } from '../../lambda/foundation/clock.ts';
import type { CliIo, Command } from '../command.ts';
import { openInstallation, withInstallation, type InstallationFlags } from '../installation.ts';
import { instant, json, line, table } from '../output.ts';
import { keyStatus } from '../key-status.ts';

/** `keyguard status`. */
export const status: Command = {
  name: 'status',
  summary: 'Show each managed key and what needs attention',
  register: (program, io) => {
    withInstallation(program.command(status.name))
      .summary(status.summary)
      .argument('[managed key]', 'name from keyguard.json; none: all')
      .action((name: string | undefined, flags: InstallationFlags) => show(name, flags, io));
  },
};

async function show(name: string | undefined, flags: InstallationFlags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const wanted = installation.managedKeys.filter((key) => name === undefined || key.name === name);
  if (wanted.length === 0)
    io.fail(`there is no managed key "${name ?? ''}"`, `choose one of: ${installation.managedKeys.map((key) => key.name).join(', ')}`, 1);
  const records = await apiKeyLedger(installation.table).all();
  const incidents = await incidentStore(installation.table).all();
  const usageKnownUntil = await usageLedger(installation.table).knownUntil();
  const now = systemClock.now();
  const keys = [];
  for (const definition of wanted) {
    const schedule = await readSchedule(installation.secrets, definition.secretArn);
    keys.push(keyStatus(definition, records, incidents, schedule));
  }
  if (flags.json === true) {
    json({ installation: installation.definition.installation, usageKnownUntil, managedKeys: keys }, io);
    return;
  }
  table(
    ['MANAGED KEY', 'HEALTH', 'CURRENT', 'SINCE', 'PREVIOUS VALID UNTIL', 'STANDBY', 'NEXT ROTATION'],
    keys.map((key) => [
      key.name,
      key.health,
      key.current?.apiKeyId ?? 'none',
      instant(key.current?.since),
      key.previous.length === 0 ? '-' : `as long as it is used; ${instant(key.previous[0]?.validUntil)} is its maximum grace`,
      String(key.standbyKeys),
      instant(key.nextRotationAt),
    ]),
    io,
  );
  const stale = now - usageKnownUntil > 2 * hourMs;
  line(
    `Usage is known until ${instant(usageKnownUntil === 0 ? null : usageKnownUntil)}${stale ? ': the collector is behind, look at its log group' : ''}`,
    io,
  );
  for (const key of keys) for (const attention of key.attention) line(`${key.name}: ${attention}`, io);
  const known = new Set(installation.managedKeys.map((key) => key.name));
  for (const { kind, subject, state } of incidents) {
    if (!known.has(subject)) line(`${subject}: incident ${kind} is ${state}: see docs/runbooks/${kind}.md`, io);
  }
}
