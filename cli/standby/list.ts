import type { ApiKeyState } from '../../contract/api-key-states.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { hasPool } from '../../contract/registry.ts';
import { causeText } from '../../lambda/incidents/message/cause-text.ts';
import { readPool } from '../../lambda/rotation/commands/onboard.ts';
import { coverOf, type PoolCover } from '../../lambda/rotation/pool-cover.ts';
import type { CliIo } from '../command.ts';
import { eachKey, failUnread } from '../each-key.ts';
import { managedKey, openInstallation, type InstallationFlags } from '../installation.ts';
import { instant, isoOrNull, json, line, table } from '../output.ts';
import { byAge, coverJson, coverText } from '../pool-cover.ts';

/** What waits for a rotation, or should have. */
const listed: readonly ApiKeyState[] = ['standby', 'pending', 'rejected'];

interface Waiting {
  readonly name: string;
  readonly keys: readonly ApiKeyRecord[];
  /** Only where its strategy has a pool. */
  readonly cover: PoolCover | undefined;
}

/** `keyguard standby list [NAME]`. */
export async function list(name: string | undefined, flags: InstallationFlags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const wanted = name === undefined ? installation.managedKeys : [managedKey(installation, name)];
  const records = await installation.ports.ledger.all();
  const { read: waiting, unread } = await eachKey(wanted, async (definition): Promise<Waiting> => {
    const own = records.filter((record) => record.managedKey === definition.name);
    const keys = own.filter(({ state, origin }) => listed.includes(state) && origin === undefined).sort(byAge);
    const pool = hasPool(definition.rotation.strategy) ? await readPool(definition, own, installation.ports) : undefined;
    return { name: definition.name, keys, cover: pool === undefined ? undefined : coverOf(pool) };
  });
  if (flags.json === true) {
    json(
      waiting.map(({ name: key, keys, cover }) => ({
        managedKey: key,
        pool: cover === undefined ? null : coverJson(cover),
        keys: keys.map(keyJson),
      })),
      io,
    );
  } else await show(waiting, io);
  failUnread(unread, io);
}

async function show(waiting: readonly Waiting[], io: CliIo): Promise<void> {
  const rows = waiting.flatMap(({ name: key, keys }) =>
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
  for (const { name: key, keys } of waiting) {
    for (const { apiKeyId, state, cause } of keys)
      if (state === 'rejected')
        line(
          `${apiKeyId} was rejected: ${cause === undefined ? 'no reason is recorded' : causeText(cause)}. To put it away: npx --no-install keyguard standby remove ${key} ${apiKeyId}`,
          io,
        );
  }
  for (const { name: key, keys, cover } of waiting) {
    if (cover !== undefined) line(`The pool of ${key} holds ${coverText(cover)}.`, io);
    else if (keys.length === 0) line(`No key of ${key} waits for a rotation: each rotation makes its own.`, io);
  }
  if (waiting.some(({ cover }) => cover?.rotations === 0))
    line('To add a key, make one in the Claude Console, then: npx --no-install keyguard standby add NAME', io);
}

function keyJson({ apiKeyId, hint, state, addedAt, expiresAt, cause }: ApiKeyRecord): object {
  return {
    apiKeyId,
    hint,
    state,
    addedAt: isoOrNull(addedAt),
    expiresAt: isoOrNull(expiresAt),
    because: cause === undefined ? null : causeText(cause),
  };
}
