import type { ApiKeyRecord } from '../../contract/records.ts';
import { admitPorts } from '../../lambda/adapters/assemble.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { rotations } from '../../lambda/adapters/aws/secret-versions.ts';
import { dayMs, systemClock } from '../../lambda/foundation/clock.ts';
import { admitStandbyKey } from '../../lambda/rotation/admit.ts';
import type { CliIo, Command } from '../command.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { instant, json, line, progress, table } from '../output.ts';
import { secretFrom } from '../prompt.ts';

interface AddFlags extends InstallationFlags {
  readonly apiKeyId?: string;
}

/** `keyguard standby add|list`: the human step, because the Admin API cannot create keys. */
export const standby: Command = {
  name: 'standby',
  summary: 'Take in and list standby keys',
  register: (program, io) => {
    const group = program.command(standby.name).summary(standby.summary);
    withInstallation(group.command('add'))
      .summary('Check a key made in the Console, store it and put it to sleep')
      .description(
        'Reads the value from stdin or a hidden prompt. Nothing is stored before every check has passed: form, organization, ' +
          'workspace, expiry, and that Anthropic accepts it. Then it is stored, made inactive and proven dead.',
      )
      .argument('<managed key>', 'name from keyguard.json')
      .option('--api-key-id <apikey_…>', 'which key it is, where the value fits several')
      .action((name: string, flags: AddFlags) => add(name, flags, io));
    withInstallation(group.command('list'))
      .summary('Standby keys and what they cover; never values')
      .argument('[managed key]', 'name from keyguard.json; none: all')
      .action((name: string | undefined, flags: InstallationFlags) => list(name, flags, io));
  },
};

async function add(name: string, flags: AddFlags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const value = await secretFrom(`Value of the new key for ${name} (sk-ant-api03-…)`, io);
  progress('Checking it at Anthropic, storing it, putting it to sleep …', io);
  const ports = admitPorts(installation.definition, installation.table, installation.secrets, systemClock);
  const options = { by: 'operator', ...(flags.apiKeyId === undefined ? {} : { apiKeyId: flags.apiKeyId }) };
  const record = await admitStandbyKey(definition, value, options, ports);
  const resumed = await resume(installation, definition);
  const pool = standbyOf(await apiKeyLedger(installation.table).all(), name);
  const coverDays = Math.round((pool.length * definition.rotation.intervalMs) / dayMs);
  if (flags.json === true) {
    json(
      {
        apiKeyId: record.apiKeyId,
        hint: record.hint,
        expiresAt: record.expiresAt,
        standbyKeys: pool.length,
        coverDays,
        rotationResumed: resumed,
      },
      io,
    );
    return;
  }
  const expiry = record.expiresAt === null ? 'never expires' : `expires ${instant(record.expiresAt)}`;
  line(`${record.apiKeyId} (${record.hint}, ${expiry}) is a standby key of ${name}: stored, inactive, proven dead`, io);
  if (resumed) line(`The rotation of ${name} that had failed is started again: npx keyguard status ${name}`, io);
  line(`The pool of ${name} holds ${pool.length}: enough for ${coverDays} days of scheduled rotation`, io);
}

/** A rotation that failed for want of a key goes on now; Secrets Manager itself may have closed its window. */
async function resume({ table, secrets }: OpenInstallation, definition: ManagedKeyDefinition): Promise<boolean> {
  const failed = await incidentStore(table).find('rotation-failed', definition.name);
  if (failed?.state !== 'open') return false;
  await rotations(secrets).start(definition.secretArn);
  return true;
}

async function list(name: string | undefined, flags: InstallationFlags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  if (name !== undefined) managedKey(installation, name);
  const records = (await apiKeyLedger(installation.table).all()).filter((record) => name === undefined || record.managedKey === name);
  const pool = records.filter((record) => record.state === 'standby');
  if (flags.json === true) {
    json(
      pool.map(({ managedKey: key, apiKeyId, hint, addedAt, expiresAt }) => ({ managedKey: key, apiKeyId, hint, addedAt, expiresAt })),
      io,
    );
    return;
  }
  if (pool.length === 0) {
    line('No standby keys. Make one in the Claude Console, then: npx keyguard standby add NAME', io);
    return;
  }
  table(
    ['MANAGED KEY', 'API KEY', 'HINT', 'ADDED', 'EXPIRES'],
    pool.map((record) => [
      record.managedKey,
      record.apiKeyId,
      record.hint,
      instant(record.addedAt),
      record.expiresAt === null ? 'never' : instant(record.expiresAt),
    ]),
    io,
  );
}

function standbyOf(records: readonly ApiKeyRecord[], name: string): readonly ApiKeyRecord[] {
  return records.filter((record) => record.managedKey === name && record.state === 'standby');
}
