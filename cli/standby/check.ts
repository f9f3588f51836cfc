import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { hasPool } from '../../contract/registry.ts';
import { checkHasPool, readPool } from '../../lambda/rotation/commands/onboard.ts';
import { shortKeys, type ShortKey } from '../../lambda/rotation/pool-cover.ts';
import { standbyLabel } from '../../lambda/rotation/ownership.ts';
import type { ApiKeyInfo, SecretDescription } from '../../lambda/rotation/ports.ts';
import { whyNotProven } from '../verify-standby.ts';
import type { StandbyVerification } from '../../lambda/rotation/verify-standby.ts';
import type { CliIo } from '../command.ts';
import { eachKey, failUnread, unreadText, type UnreadKey } from '../each-key.ts';
import { managedKey, openInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { checkRestored } from '../../lambda/rotation/commands/obstacle.ts';
import { counted, json, line, progress, table } from '../output.ts';
import { byAge, shortText } from '../pool-cover.ts';
import { tryKey } from '../verify-standby.ts';

export interface CheckFlags extends InstallationFlags {
  readonly prove?: boolean;
}

interface Checked {
  readonly record: ApiKeyRecord;
  /** Each in plain words; none: as far as it was looked at, it is good. */
  readonly problems: readonly string[];
  /** The workspace that it belongs to, where that is not the one of its managed key. */
  readonly elsewhere: string | undefined;
  /** Why its proof came to no verdict: that says nothing against it. */
  readonly unclear: readonly string[];
  /** What somebody should know of it although it is good. */
  readonly notes: readonly string[];
  readonly verification: StandbyVerification | undefined;
}

/** `keyguard standby check [NAME] [--prove]`. */
export async function check(name: string | undefined, flags: CheckFlags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const wanted = pooled(name, installation);
  const infos = new Map((await installation.ports.keys.list()).map((info) => [info.apiKeyId, info]));
  const records = await installation.ports.ledger.all();
  const { read, unread } = await eachKey(wanted, (definition) =>
    checkPool(definition, { records, infos, prove: flags.prove === true }, installation, io),
  );
  const checked = read.flat();
  if (flags.json === true) json(checked.map(checkedJson), io);
  else if (checked.length === 0 && unread.length === 0) {
    const adds = wanted.map((definition) => `npx --no-install keyguard standby add ${definition.name}`);
    line(`There is no standby key to check: ${adds.join(', ')}`, io);
  } else if (checked.length > 0) await show(checked, flags, io);
  failBad(checked, unread, installation, io);
}

/** The managed key of that name, which must have standby keys; without a name, all that have. Throws KeyguardError `standby-refused`. */
function pooled(name: string | undefined, installation: OpenInstallation): readonly ManagedKeyDefinition[] {
  if (name === undefined) return installation.managedKeys.filter(({ rotation }) => hasPool(rotation.strategy));
  const definition = managedKey(installation, name);
  checkHasPool(definition);
  return [definition];
}

interface Known {
  /** Of every managed key. */
  readonly records: readonly ApiKeyRecord[];
  /** What Anthropic lists, by API key id. */
  readonly infos: ReadonlyMap<string, ApiKeyInfo>;
  readonly prove: boolean;
}

async function checkPool(
  definition: ManagedKeyDefinition,
  { records, infos, prove }: Known,
  installation: OpenInstallation,
  io: CliIo,
): Promise<readonly Checked[]> {
  const { name, standbySecretName } = definition;
  const own = records.filter((record) => record.managedKey === name);
  const pool = own.filter(({ state }) => state === 'standby').sort(byAge);
  const secret = await installation.ports.secrets.describe(standbySecretName);
  checkRestored(standbySecretName, secret);
  const whole = await readPool(definition, own, installation.ports);
  const tooShort = (record: ApiKeyRecord, tooShortFor: ShortKey['tooShortFor']): readonly string[] =>
    shortKeys(whole)
      .filter((key) => key.record === record && key.tooShortFor === tooShortFor)
      .map((key) => `it ${shortText(key, whole)}`);
  const checked: Checked[] = [];
  for (const record of pool) {
    const { apiKeyId } = record;
    const problems = [...problemsOf(record, infos.get(apiKeyId), secret, definition), ...tooShort(record, 'next')];
    const proves = prove && problems.length === 0;
    if (proves) progress(`${apiKeyId} is made active for a moment, and proven …`, io);
    const verification = proves ? await tryKey(name, apiKeyId, installation) : undefined;
    checked.push({
      record,
      elsewhere: elsewhere(infos.get(apiKeyId), definition),
      problems: [...problems, ...failedVerification(verification, 'rejected')],
      unclear: failedVerification(verification, 'unclear'),
      notes: tooShort(record, 'its turn'),
      verification,
    });
  }
  return checked;
}

/** Ends the command where a key cannot be relied on; an outage condemns none, but neither is it a proof. */
function failBad(checked: readonly Checked[], unread: readonly UnreadKey[], { isDeployed }: OpenInstallation, io: CliIo): void {
  const bad = checked.filter(({ problems }) => problems.length > 0);
  const unclear = checked.filter((each) => each.problems.length === 0 && each.unclear.length > 0);
  const idsOf = (some: readonly Checked[]): string => some.map(({ record }) => record.apiKeyId).join(', ');
  const failures = [
    ...(bad.length === 0 ? [] : [`${bad.length} of ${counted(checked.length, 'standby key')} cannot be relied on: ${idsOf(bad)}`]),
    ...(unclear.length === 0
      ? []
      : [`${unclear.length} of ${counted(checked.length, 'standby key')} could not be proven now: ${idsOf(unclear)}`]),
  ];
  if (failures.length === 0) {
    failUnread(unread, io);
    return;
  }
  failures.push(...unread.map((key) => `${key.name}: ${unreadText(key)}`));
  const cures = [
    ...(isDeployed || bad.length === 0 ? bad.map(cureOf) : [disagreed]),
    ...(unclear.length === 0 ? [] : ['those that could not be proven stay in the pool: try again in five minutes']),
  ];
  io.fail(failures.join('; '), cures.join('; '), 1);
}

/** To archive a key is for ever, and the file may be what is wrong. */
const disagreed =
  'keyguard.json is not what is deployed, so that nobody can tell yet: npx --no-install keyguard doctor says what differs; correct the file, or npx cdk deploy, then check again';

function cureOf({ record: { managedKey: name, apiKeyId }, elsewhere: workspaceId }: Checked): string {
  const first =
    workspaceId === undefined
      ? ''
      : `if ${workspaceId} is the right workspace, write it into keyguard.json as workspaceId of ${name}, and npx cdk deploy; only if it is not: `;
  return `${first}npx --no-install keyguard standby remove ${name} ${apiKeyId}, then make another one in the Claude Console, and: npx --no-install keyguard standby add ${name}`;
}

function elsewhere(info: ApiKeyInfo | undefined, { workspaceId }: ManagedKeyDefinition): string | undefined {
  return info === undefined || info.workspaceId === workspaceId ? undefined : (info.workspaceId ?? 'the whole organization');
}

/** What Anthropic and Secrets Manager show of it that a rotation would trip over. */
function problemsOf(
  { apiKeyId, standbyVersionId, hint, intent }: ApiKeyRecord,
  info: ApiKeyInfo | undefined,
  standbySecret: SecretDescription,
  definition: ManagedKeyDefinition,
): readonly string[] {
  const labelled = standbySecret.stages.get(standbyVersionId ?? '')?.includes(standbyLabel(apiKeyId)) === true;
  const stored = labelled ? [] : ['the standby secret does not hold its value any more'];
  if (info === undefined) return ['Anthropic lists it no more', ...stored];
  return [
    // One that somebody is at work on may be active.
    ...(info.status === 'inactive' || (info.status === 'active' && intent !== undefined)
      ? []
      : [`Anthropic shows it as ${info.status}, not inactive`]),
    ...(elsewhere(info, definition) === undefined ? [] : [`it belongs to ${elsewhere(info, definition)}`]),
    ...(info.hint === null || info.hint === hint ? [] : [`its hint is ${info.hint}, and was ${hint} when it was taken in`]),
    ...stored,
  ];
}

function failedVerification(verification: StandbyVerification | undefined, verdict: 'rejected' | 'unclear'): readonly string[] {
  return verification?.verdict === verdict ? [`its proof is ${verdict}: ${whyNotProven(verification)}`] : [];
}

async function show(checked: readonly Checked[], flags: CheckFlags, io: CliIo): Promise<void> {
  const rows = checked.map(({ record, problems, unclear, notes, verification }) => {
    const found = [...problems, ...unclear];
    const good = verification === undefined ? 'good, not proven' : 'good, proven and inactive again';
    return [record.managedKey, record.apiKeyId, record.hint, [...(found.length > 0 ? found : [good]), ...notes].join('; ')];
  });
  await table(['MANAGED KEY', 'API KEY', 'HINT', 'STATE'], rows, io);
  if (flags.prove !== true) line('Whether Anthropic accepts the values is not proven: --prove activates each key for a moment.', io);
}

function checkedJson({ record, problems, unclear, notes, verification }: Checked): object {
  const { managedKey: name, apiKeyId, hint } = record;
  return {
    managedKey: name,
    apiKeyId,
    hint,
    good: problems.length === 0 && unclear.length === 0,
    problems: [...problems, ...unclear],
    notes,
    proof: verification?.verdict ?? null,
  };
}
