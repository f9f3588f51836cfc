import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { audit } from '../../lambda/adapters/aws/audit.ts';
import { secretVersions } from '../../lambda/adapters/aws/secret-versions.ts';
import { withoutWish } from '../../lambda/rotation/lifecycle.ts';
import { updateRecord } from '../../lambda/rotation/commands/update-record.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { keyFindings, type KeyReading } from '../key-findings.ts';
import { counted, json, line, progress } from '../output.ts';
import { agreed } from '../prompt.ts';
import { readKey, readRecords } from '../read-keys.ts';
import { retireNow } from '../retire-now.ts';
import { unstickPlan, type UnstickPlan } from '../unstick-plan.ts';

interface Flags extends InstallationFlags {
  readonly yes?: boolean;
}

/** `keyguard unstick NAME`. */
export const unstick: Command = {
  name: 'unstick',
  summary: 'Clear away what a broken-off rotation left behind',
  register: (program, io) => {
    withInstallation(program.command(unstick.name))
      .summary(unstick.summary)
      .description(
        'Takes AWSPENDING off the version of a rotation that does not end (15 minutes after it claimed a key, 5 minutes where it has ' +
          'claimed none), takes back that an old key is wanted back, and has retirement finish what is half done and return keys that ' +
          'are claimed by nobody; that is 15 minutes after the claim at the earliest. The key that consumers read is not touched. Safe ' +
          'to repeat. Exit code 1 where something is still as it was.',
      )
      .argument('<name>', 'the managed key, as keyguard.json names it')
      .option('--yes', 'do not ask')
      .action((name: string, flags: Flags) => run(name, flags, io));
  },
};

async function run(name: string, flags: Flags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const plan = unstickPlan(await read(definition, installation));
  if (plan.acts.length > 0) {
    for (const { will } of plan.acts) progress(will, io);
    if (flags.yes !== true) await agreed(`Do that for ${name}?`, io);
    await carryOut(plan, definition, installation, io);
  }
  const after = await read(definition, installation);
  const outcomes = plan.acts.map(({ will, did }) => ({ will, became: did(after) }));
  const did = outcomes.flatMap(({ became }) => became ?? []);
  const remains = outcomes.filter(({ became }) => became === undefined).map(({ will }) => will);
  const { waits } = unstickPlan(after);
  const left = keyFindings(after);
  if (flags.json === true) json({ managedKey: name, did, remains, waits, left }, io);
  else {
    if (plan.acts.length === 0) line(`Nothing of ${name} is stuck.`, io);
    for (const sentence of did) line(`done: ${sentence}`, io);
    for (const sentence of remains) line(`not done: ${sentence}`, io);
    for (const sentence of waits) line(`waits: ${sentence}`, io);
    for (const { state, what, fix } of left) line(`left, ${state}: ${what}: ${fix}`, io);
    if (left.length === 0)
      line(`All is well with ${name} as far as AWS shows; Anthropic is asked by: npx --no-install keyguard doctor ${name}`, io);
  }
  if (remains.length > 0) {
    io.fail(
      `${remains.length} of ${counted(plan.acts.length, 'thing')} that stood in the way of ${name} stand there still`,
      `retirement tries again every five minutes; why it fails: look for retirement.failed in the log of the function in the output RetirementFunctionName`,
      1,
    );
  }
}

async function read(definition: ManagedKeyDefinition, installation: OpenInstallation): Promise<KeyReading> {
  return readKey(definition, await readRecords(installation), undefined, installation);
}

/** Wishes first: the next rotation must not take one up again. */
async function carryOut(
  { wishes, discard, acts }: UnstickPlan,
  { name, secretName }: ManagedKeyDefinition,
  installation: OpenInstallation,
  io: CliIo,
): Promise<void> {
  const { table, secrets, clock } = installation;
  const by = await callerName();
  await audit(table).note({ managedKey: name, at: clock.now(), by, cause: { code: 'unstuck', acts: acts.map(({ will }) => will) } });
  for (const { apiKeyId } of wishes) {
    await updateRecord(apiKeyLedger(table), apiKeyId, by, (record) => (record.wanted === undefined ? undefined : withoutWish(record)));
  }
  if (discard !== undefined) await secretVersions(secrets).discardPending(secretName, discard);
  progress('Retirement is asked to run now …', io);
  await retireNow(installation, (sentence) => progress(sentence, io));
}
