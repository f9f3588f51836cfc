import { deliveries } from '../../lambda/adapters/aws/deliveries.ts';
import { sightings } from '../../lambda/adapters/aws/sightings.ts';
import { usageLedger } from '../../lambda/adapters/aws/usage-ledger.ts';
import type { OpenInstallation } from '../installation.ts';
import { readRecords } from '../read-keys.ts';
import { broken, checked, good, type Check } from './check.ts';

/** Items of the state table that this version cannot read: functions leave them out, and with one of a key its managed key alone. */
export async function oddItemChecks(about: string, installation: OpenInstallation): Promise<readonly Check[]> {
  const { table, clock } = installation;
  return checked(about, 'state table', async () => {
    await readRecords(installation);
    await Promise.all([deliveries(table, clock).undelivered(), sightings(table).read(), usageLedger(table, clock).usualPause()]);
    const names = table.takeUnreadable();
    if (names.length === 0) return good('every item can be read');
    return names.map((name) => broken(`the item ${name} cannot be read by this version`, repairing(name, table.name)));
  });
}

/** What people know of a key, an incident or a pause stands nowhere else; the rest is written anew by the next run. */
function repairing(name: string, tableName: string): string {
  const [pk, sk] = [name.slice(0, name.indexOf(' ')), name.slice(name.indexOf(' ') + 1)];
  // Whoever wrote the item chose its key: nothing of it may end the quotes in a command that somebody pastes.
  const key = JSON.stringify({ pk: { S: pk }, sk: { S: sk } }).replaceAll("'", String.raw`'\''`);
  const look = `aws dynamodb get-item --table-name ${tableName} --key '${key}'`;
  const remove = `aws dynamodb delete-item --table-name ${tableName} --key '${key}'`;
  if (pk === 'API_KEY')
    return `see it: ${look}; write its fields as they were (npx --no-install keyguard history says what became of the key), or, if it is no key of yours: ${remove}`;
  return `see it: ${look}; where another version of Key Guard wrote it, deploy that version; else: ${remove}`;
}
