import type { ApiKeyRecord, ApiKeyState } from '../../contract/records.ts';
import { secretVersions } from '../../lambda/adapters/aws/secret-versions.ts';
import { KeyguardError } from '../../lambda/foundation/errors.ts';
import { causeText } from '../../lambda/incidents/message/cause-text.ts';
import type { AdmitPorts } from '../../lambda/rotation/admit.ts';
import { checkTimely, intending, moved } from '../../lambda/rotation/lifecycle.ts';
import { updateRecord } from '../../lambda/rotation/commands/update-record.ts';
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
  const ports = installation.ports;
  const record = removable(
    name,
    apiKeyId,
    (await ports.ledger.all()).find((each) => each.apiKeyId === apiKeyId),
  );
  if (record.state !== 'archived') {
    const what = `${apiKeyId} (${record.hint}), ${record.state} of ${name}, is archived at Anthropic, which is for ever`;
    if (flags.yes !== true) await agreed(`Remove it? ${what}.`, io);
  }
  const removed = record.state === 'archived' ? record : await archived(record, because, await callerName(), ports);
  await secretVersions(installation.secrets).freeStandbyLabels(definition.standbySecretName, new Set([apiKeyId]));
  if (flags.json === true) {
    json({ managedKey: name, apiKeyId, hint: removed.hint, archivedAt: isoOrNull(removed.since) }, io);
    return;
  }
  line(`${apiKeyId} (${removed.hint}) is no standby key of ${name} any more: archived since ${instant(removed.since)}.`, io);
}

const removableStates: ReadonlySet<ApiKeyState> = new Set(['standby', 'rejected', 'archived']);

function removable(name: string, apiKeyId: string, record: ApiKeyRecord | undefined): ApiKeyRecord {
  if (record?.managedKey !== name) {
    throw new KeyguardError('not-standby', `${apiKeyId} is no key of ${name}`, `npx --no-install keyguard standby list ${name}`);
  }
  // What was cut off before it ever served is of use to nobody: no undo brings it back.
  const isRemovable = record.state === 'contained' ? record.servedSince === undefined : removableStates.has(record.state);
  if (!isRemovable) {
    throw new KeyguardError(
      'not-standby',
      `${apiKeyId} of ${name} is ${record.state}: only standby keys, rejected keys and cut-off keys that never served are removed`,
      `npx --no-install keyguard status ${name}; old keys are archived by themselves`,
    );
  }
  if (record.intent === undefined || record.intent.to === 'archived') return record;
  throw new KeyguardError(
    'busy',
    `somebody is at work on ${apiKeyId} of ${name} (${causeText(record.intent.cause)})`,
    'try again in five minutes',
  );
}

/** The intent is stored first: no rotation claims the key meanwhile, and a repeat goes on. */
async function archived(record: ApiKeyRecord, because: string, by: string, ports: AdmitPorts): Promise<ApiKeyRecord> {
  const { apiKeyId, managedKey: name } = record;
  const intended = await updateRecord(ports.ledger, apiKeyId, by, (found) => {
    if (removable(name, apiKeyId, found).state === 'archived') return undefined;
    return intending(found, { to: 'archived', at: ports.clock.now(), cause: { code: 'removing', reason: because } });
  });
  if (intended.state === 'archived') return intended;
  const info = await ports.keys.retrieve(apiKeyId);
  checkTimely(intended, ports.clock.now());
  const traced = info === 'gone' || info.status === 'archived' ? undefined : await ports.keys.setStatus(apiKeyId, 'archived');
  const event = { type: 'archived', at: ports.clock.now(), cause: { code: 'removed', reason: because } } as const;
  return ports.ledger.replace(intended, moved(intended, event), by, traced);
}
