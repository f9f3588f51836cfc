import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord, ApiKeyState } from '../../contract/records.ts';
import { admitPorts } from '../../lambda/adapters/assemble.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { pauses } from '../../lambda/adapters/aws/pauses.ts';
import { rotations, secretVersions } from '../../lambda/adapters/aws/secret-versions.ts';
import { admitStandbyKey } from '../../lambda/rotation/admit.ts';
import { checkedApiKeyId } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { narrated } from '../narration.ts';
import { instant, isoOrNull, json, line, progress, table } from '../output.ts';
import { poolCover, type PoolCover } from '../../lambda/rotation/pool-cover.ts';
import { coverText } from '../pool-cover.ts';
import { secretFrom } from '../prompt.ts';

interface AddFlags extends InstallationFlags {
  readonly apiKeyId?: string;
}

/** `keyguard standby add|list`: the human step, because the Admin API cannot create keys. */
export const standby: Command = {
  name: 'standby',
  summary: 'Take in and list standby keys',
  register: (program, io) => {
    const group = program.command(standby.name).summary(standby.summary).description(`${standby.summary}.`);
    withInstallation(group.command('add'))
      .summary('Check a key made in the Console, store it and put it to sleep')
      .description(
        'Reads the value of a key from standard input or a hidden prompt; never from an argument. Nothing is stored before every ' +
          'check has passed: form, organization, workspace, expiry, and that Anthropic accepts it. Then it is stored, made inactive ' +
          'and proven dead, until a rotation claims it.',
      )
      .argument('<name>', 'the managed key, as keyguard.json names it')
      .option('--api-key-id <apikey_…>', 'which key it is, where the value fits several')
      .action((name: string, flags: AddFlags) => add(name, flags, io));
    withInstallation(group.command('list'))
      .summary('Standby keys and how far they reach; never values')
      .description('Lists the keys that wait for a rotation, are being claimed by one, or failed their proof; and how far they reach.')
      .argument('[name]', 'the managed key, as keyguard.json names it; without it, all')
      .action((name: string | undefined, flags: InstallationFlags) => list(name, flags, io));
  },
};

async function add(name: string, flags: AddFlags, io: CliIo): Promise<void> {
  const { apiKeyId } = flags;
  if (apiKeyId !== undefined) checkedApiKeyId(apiKeyId, '--api-key-id', io);
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const value = await secretFrom(`Value of the new key for ${name} (sk-ant-api03-…)`, io);
  const ports = narrated(admitPorts(installation.definition, installation.table, installation.secrets, installation.clock), (sentence) =>
    progress(sentence, io),
  );
  const record = await admitStandbyKey(
    definition,
    value,
    { by: await callerName(), ...(apiKeyId === undefined ? {} : { apiKeyId }) },
    ports,
  );
  const rotationResumed = await resume(installation, definition);
  const cover = await coverOf(definition, await apiKeyLedger(installation.table).all(), installation);
  if (flags.json === true) {
    json(
      {
        managedKey: name,
        apiKeyId: record.apiKeyId,
        hint: record.hint,
        expiresAt: isoOrNull(record.expiresAt),
        pool: coverJson(cover),
        rotationResumed,
      },
      io,
    );
    return;
  }
  const expiry = record.expiresAt === null ? 'never expires' : `expires ${instant(record.expiresAt)}`;
  line(`${record.apiKeyId} (${record.hint}, ${expiry}) is a standby key of ${name}: stored, inactive, proven dead.`, io);
  if (rotationResumed) line(`The rotation of ${name} that had failed is started again: npx keyguard status ${name}`, io);
  line(`The pool of ${name} holds ${coverText(cover)}.`, io);
}

/** A rotation that failed for want of a key goes on now; Secrets Manager itself may have closed its window. */
async function resume({ table: records, secrets }: OpenInstallation, definition: ManagedKeyDefinition): Promise<boolean> {
  const failed = await incidentStore(records).find('rotation-failed', definition.name);
  // RotateSecret would turn on again what a pause has stopped.
  if (failed?.state !== 'open' || (await pauses(records).find(definition.name)) !== undefined) return false;
  await rotations(secrets).start(definition.secretArn);
  return true;
}

/** What waits in the pool, or should have. */
const listed: readonly ApiKeyState[] = ['standby', 'pending', 'rejected'];

async function list(name: string | undefined, flags: InstallationFlags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const wanted = name === undefined ? installation.managedKeys : [managedKey(installation, name)];
  const records = await apiKeyLedger(installation.table).all();
  const pools = [];
  for (const definition of wanted) {
    const keys = records.filter((record) => record.managedKey === definition.name && listed.includes(record.state)).sort(byAge);
    pools.push({ name: definition.name, keys, cover: await coverOf(definition, records, installation) });
  }
  if (flags.json === true) {
    json(
      pools.map(({ name: key, keys, cover }) => ({ managedKey: key, pool: coverJson(cover), keys: keys.map(keyJson) })),
      io,
    );
    return;
  }
  const rows = pools.flatMap(({ name: key, keys }) =>
    keys.map((record) => [
      key,
      record.apiKeyId,
      record.hint,
      record.state,
      instant(record.addedAt),
      record.expiresAt === null ? 'never' : instant(record.expiresAt),
    ]),
  );
  if (rows.length > 0) await table(['MANAGED KEY', 'API KEY', 'HINT', 'STATE', 'ADDED', 'EXPIRES'], rows, io);
  for (const { keys } of pools) {
    for (const { apiKeyId, state, because } of keys)
      if (state === 'rejected') line(`${apiKeyId} was rejected: ${because ?? 'no reason is recorded'}.`, io);
  }
  for (const { name: key, cover } of pools) line(`The pool of ${key} holds ${coverText(cover)}.`, io);
  if (pools.some(({ cover }) => cover.rotations === 0))
    line('To add a key, make one in the Claude Console, then: npx keyguard standby add NAME', io);
}

async function coverOf(
  definition: ManagedKeyDefinition,
  records: readonly ApiKeyRecord[],
  { secrets, clock }: OpenInstallation,
): Promise<PoolCover> {
  const { nextRotationAt } = await secretVersions(secrets).describe(definition.secretArn);
  return poolCover(definition, records, nextRotationAt, clock.now());
}

function coverJson(cover: PoolCover): object {
  return { ...cover, until: isoOrNull(cover.until) };
}

function keyJson({ apiKeyId, hint, state, addedAt, expiresAt, because }: ApiKeyRecord): object {
  return { apiKeyId, hint, state, addedAt: isoOrNull(addedAt), expiresAt: isoOrNull(expiresAt), because: because ?? null };
}

function byAge(a: ApiKeyRecord, b: ApiKeyRecord): number {
  return a.addedAt - b.addedAt || a.apiKeyId.localeCompare(b.apiKeyId);
}
