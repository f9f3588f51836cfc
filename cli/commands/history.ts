import type { ApiKeyRecord, AuditRecord } from '../../contract/records.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { audit } from '../../lambda/adapters/aws/audit.ts';
import { causeText } from '../../lambda/incidents/message/cause-text.ts';
import { checkedApiKeyId, checkedLength } from '../arguments.ts';
import type { CliIo, Command } from '../command.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { instant, isoOrNull, json, line, table } from '../output.ts';

interface Flags extends InstallationFlags {
  readonly since: string;
  readonly apiKeyId?: string;
}

/** `keyguard history`: who did what to which key, when and why. */
export const history: Command = {
  name: 'history',
  summary: 'Show what happened to the keys: when, why and by whom',
  register: (program, io) => {
    withInstallation(program.command(history.name))
      .summary(history.summary)
      .description(
        'Shows each step of each API key, oldest first: from which state to which, why, and who did it; and what operators did to the ' +
          'managed key as a whole. With --json also the rotation that a step was part of, and the numbers under which AWS and Anthropic ' +
          'know the calls.',
      )
      .argument('[name]', 'the managed key, as keyguard.json names it; without it, all')
      .option('--since <length>', 'how far back, such as 24h or 30d', '30d')
      .option('--api-key-id <apikey_…>', 'only the steps of this key')
      .action((name: string | undefined, flags: Flags) => show(name, flags, io));
  },
};

async function show(name: string | undefined, flags: Flags, io: CliIo): Promise<void> {
  const { apiKeyId } = flags;
  if (apiKeyId !== undefined) checkedApiKeyId(apiKeyId, '--api-key-id', io);
  const length = checkedLength(flags.since, '--since', io);
  const installation = await openInstallation(flags, io);
  const since = Math.max(installation.clock.now() - length, 0);
  const known = await apiKeyLedger(installation.table).all();
  const records = audit(installation.table);
  const all = await Promise.all(namesOf(name, known, installation).map((each) => records.read(each, since)));
  const steps = all
    .flat()
    .filter((step) => apiKeyId === undefined || step.apiKeyId === apiKeyId)
    .sort((a, b) => a.at - b.at);
  if (apiKeyId !== undefined && steps.length === 0) checkIsOf(name, apiKeyId, known, io);
  if (flags.json === true) {
    json(steps.map(stepJson), io);
    return;
  }
  if (steps.length === 0) {
    const subject = [apiKeyId, name].filter((each) => each !== undefined).join(' of ');
    line(`Nothing happened${subject === '' ? '' : ` to ${subject}`} since ${instant(since)}; --since looks further back.`, io);
    return;
  }
  const rows = steps.map((step) => [
    instant(step.at),
    ...(name === undefined ? [step.managedKey] : []),
    step.apiKeyId ?? '',
    moveText(step),
    personText(step.by),
    causeText(step.cause),
  ]);
  await table(['WHEN', ...(name === undefined ? ['MANAGED KEY'] : []), 'API KEY', 'STATE', 'WHO', 'WHY'], rows, io);
}

/** Managed keys that were taken out of the configuration have a history too. */
function namesOf(name: string | undefined, records: readonly ApiKeyRecord[], installation: OpenInstallation): readonly string[] {
  const known = new Set([...installation.managedKeys.map((key) => key.name), ...records.map((record) => record.managedKey)]);
  if (name === undefined) return [...known].sort();
  return known.has(name) ? [name] : [managedKey(installation, name).name];
}

/** A mistyped id has no history either, and must not read like a key that nothing happened to. */
function checkIsOf(name: string | undefined, apiKeyId: string, records: readonly ApiKeyRecord[], io: CliIo): void {
  const record = records.find((each) => each.apiKeyId === apiKeyId);
  if (record === undefined) {
    io.fail(`Key Guard has no record of ${apiKeyId}`, 'copy the id from npx --no-install keyguard history, or from the Console', 2);
  }
  if (name !== undefined && record.managedKey !== name) {
    const { managedKey: other } = record;
    io.fail(`${apiKeyId} is no key of ${name}, but of ${other}`, `npx --no-install keyguard history ${other} --api-key-id ${apiKeyId}`, 2);
  }
}

function moveText({ from, to }: AuditRecord): string {
  if (to === undefined) return '';
  if (from === undefined || from === to) return to;
  return `${from === 'unknown' ? 'new' : from} → ${to}`;
}

/** Of an ARN the part that tells people apart. */
function personText(by: string): string {
  return by.replace(/arn:\S+:/, '');
}

function stepJson({ at, managedKey: key, apiKeyId, from, to, cause, by, token, requestIds }: AuditRecord): object {
  return {
    at: isoOrNull(at),
    managedKey: key,
    apiKeyId: apiKeyId ?? null,
    from: from ?? null,
    to: to ?? null,
    because: causeText(cause),
    by,
    rotation: token ?? null,
    requestIds: requestIds ?? [],
  };
}
