import { removableKey, removeKey } from '../../lambda/rotation/commands/remove.ts';
import { checkedApiKeyId, checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo } from '../command.ts';
import { managedKey, openInstallation, type InstallationFlags } from '../installation.ts';
import { instant, isoOrNull, json, line } from '../output.ts';
import { agreed } from '../prompt.ts';

export interface RemoveFlags extends InstallationFlags {
  readonly because?: string;
  readonly yes?: boolean;
}

/** `keyguard standby remove NAME APIKEY_ID`: for good, since the Admin API cannot delete and archived keys never come back. */
export async function remove(name: string, apiKeyId: string, flags: RemoveFlags, io: CliIo): Promise<void> {
  checkedApiKeyId(apiKeyId, apiKeyId, io);
  const because = checkedReason(flags.because, io);
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const record = await removableKey(definition, apiKeyId, installation.ports);
  if (record.state !== 'archived') {
    const what = `${apiKeyId} (${record.hint}), ${record.state} of ${name}, is archived at Anthropic, which is for ever`;
    if (flags.yes !== true) await agreed(`Remove it? ${what}.`, io);
  }
  const removed = await removeKey(definition, apiKeyId, { by: await callerName(), because }, installation.ports);
  if (flags.json === true) {
    json({ managedKey: name, apiKeyId, hint: removed.hint, archivedAt: isoOrNull(removed.since) }, io);
    return;
  }
  line(`${apiKeyId} (${removed.hint}) is no standby key of ${name} any more: archived since ${instant(removed.since)}.`, io);
}
