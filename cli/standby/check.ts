import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { admitPorts } from '../../lambda/adapters/assemble.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { secretVersions, standbyLabel } from '../../lambda/adapters/aws/secret-versions.ts';
import type { ApiKeyInfo, SecretDescription } from '../../lambda/rotation/ports.ts';
import type { Trial } from '../../lambda/rotation/trial.ts';
import type { CliIo } from '../command.ts';
import { managedKey, openInstallation, type InstallationFlags } from '../installation.ts';
import { counted, json, line, progress, table } from '../output.ts';
import { shortKeys, shortText, type ShortKey } from '../pool-cover.ts';
import { tryKey } from '../trial.ts';
import { byAge, poolSight } from './pool.ts';

export interface CheckFlags extends InstallationFlags {
  readonly prove?: boolean;
}

interface Checked {
  readonly record: ApiKeyRecord;
  /** Each in plain words; none: as far as it was looked at, it is good. */
  readonly problems: readonly string[];
  /** What somebody should know of it although it is good. */
  readonly notes: readonly string[];
  readonly trial: Trial | undefined;
}

/** `keyguard standby check [NAME] [--prove]`. */
export async function check(name: string | undefined, flags: CheckFlags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const wanted = name === undefined ? installation.managedKeys : [managedKey(installation, name)];
  const { keys } = admitPorts(installation.definition, installation.table, installation.secrets, installation.clock);
  const infos = new Map((await keys.list()).map((info) => [info.apiKeyId, info]));
  const records = await apiKeyLedger(installation.table).all();
  const checked: Checked[] = [];
  for (const definition of wanted) {
    const pool = records.filter((record) => record.managedKey === definition.name && record.state === 'standby').sort(byAge);
    const secret = await secretVersions(installation.secrets).describe(definition.standbySecretArn);
    const sight = await poolSight(definition, records, installation);
    const tooShort = (record: ApiKeyRecord, tooShortFor: ShortKey['tooShortFor']): readonly string[] =>
      shortKeys(sight)
        .filter((key) => key.record === record && key.tooShortFor === tooShortFor)
        .map((key) => `it ${shortText(key, sight)}`);
    for (const record of pool) {
      const problems = [...problemsOf(record, infos.get(record.apiKeyId), secret, definition), ...tooShort(record, 'next')];
      const proves = flags.prove === true && problems.length === 0;
      if (proves) progress(`${record.apiKeyId} is made active for a moment, and proven …`, io);
      const trial = proves ? await tryKey(definition.name, record.apiKeyId, installation) : undefined;
      checked.push({ record, problems: [...problems, ...failedTrial(trial)], notes: tooShort(record, 'its turn'), trial });
    }
  }
  const bad = checked.filter(({ problems }) => problems.length > 0);
  if (flags.json === true) json(checked.map(checkedJson), io);
  else if (checked.length === 0) {
    const adds = wanted.map((definition) => `npx keyguard standby add ${definition.name}`);
    line(`There is no standby key to check: ${adds.join(', ')}`, io);
  } else await show(checked, flags, io);
  if (bad.length > 0) {
    const ids = bad.map(({ record }) => record.apiKeyId).join(', ');
    const away = bad.map(({ record }) => `npx keyguard standby remove ${record.managedKey} ${record.apiKeyId}`);
    const adds = [...new Set(bad.map(({ record }) => `npx keyguard standby add ${record.managedKey}`))];
    io.fail(
      `${bad.length} of ${counted(checked.length, 'standby key')} cannot be relied on: ${ids}`,
      `to put one away: ${away.join(', ')}; then make another one in the Claude Console, and: ${adds.join(', ')}`,
      1,
    );
  }
}

/** What Anthropic and Secrets Manager show of it that a rotation would trip over. */
function problemsOf(
  { apiKeyId, standbyVersionId, hint, intent }: ApiKeyRecord,
  info: ApiKeyInfo | undefined,
  standbySecret: SecretDescription,
  definition: ManagedKeyDefinition,
): readonly string[] {
  const labelled = standbySecret.stages.get(standbyVersionId)?.includes(standbyLabel(apiKeyId)) === true;
  const stored = labelled ? [] : ['the standby secret does not hold its value any more'];
  if (info === undefined) return ['Anthropic lists it no more', ...stored];
  return [
    // One that somebody is at work on may be awake.
    ...(info.status === 'inactive' || (info.status === 'active' && intent !== undefined)
      ? []
      : [`Anthropic shows it as ${info.status}, not asleep`]),
    ...(info.workspaceId === definition.workspaceId ? [] : [`it belongs to ${info.workspaceId ?? 'the whole organization'}`]),
    ...(info.hint === null || info.hint === hint ? [] : [`its hint is ${info.hint}, and was ${hint} when it was taken in`]),
    ...stored,
  ];
}

function failedTrial(trial: Trial | undefined): readonly string[] {
  return trial === undefined || trial.verdict === 'good' ? [] : [`its proof is ${trial.verdict}: ${trial.because ?? 'no reason is known'}`];
}

async function show(checked: readonly Checked[], flags: CheckFlags, io: CliIo): Promise<void> {
  const rows = checked.map(({ record, problems, notes, trial }) => {
    const good = trial === undefined ? 'good, not proven' : 'good, proven and asleep again';
    return [record.managedKey, record.apiKeyId, record.hint, [...(problems.length > 0 ? problems : [good]), ...notes].join('; ')];
  });
  await table(['MANAGED KEY', 'API KEY', 'HINT', 'STATE'], rows, io);
  if (flags.prove !== true) line('Whether Anthropic accepts the values is not proven: --prove wakes each key for a moment.', io);
}

function checkedJson({ record, problems, notes, trial }: Checked): object {
  const { managedKey: name, apiKeyId, hint } = record;
  return { managedKey: name, apiKeyId, hint, good: problems.length === 0, problems, notes, proof: trial?.verdict ?? null };
}
