import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import { causeText } from '../../lambda/incidents/message/cause-text.ts';
import { became, planUnstick, unstickKey, type Act, type Became, type Wait } from '../../lambda/rotation/commands/unstick.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { keyFindings, type StatusSnapshot } from '../key-findings.ts';
import { counted, instant, json, line, progress } from '../output.ts';
import { agreed } from '../prompt.ts';
import { readKey, readRecords } from '../read-keys.ts';
import { saysUndone } from '../rotation-outcome.ts';

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
          'claimed none), withdraws the request for an undo, and has retirement finish what is half done and return keys that ' +
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
  const plan = planUnstick(await read(definition, installation));
  const told = plan.acts.map(willText);
  if (plan.acts.length > 0) {
    for (const will of told) progress(will, io);
    if (flags.yes !== true) await agreed(`Do that for ${name}?`, io);
    const by = await callerName();
    progress('Retirement is asked to run now …', io);
    await unstickKey(definition, plan, { by, told }, saysUndone(io), installation.ports);
  }
  const after = await read(definition, installation);
  const outcomes = plan.acts.map((act) => ({ act, is: became(act, after) }));
  const did = outcomes.flatMap(({ act, is }) => (is === 'as before' ? [] : [didText(act, is)]));
  const remains = outcomes.filter(({ is }) => is === 'as before').map(({ act }) => willText(act));
  const waits = planUnstick(after).waits.map(waitText);
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

async function read(definition: ManagedKeyDefinition, installation: OpenInstallation): Promise<StatusSnapshot> {
  return readKey(definition, await readRecords(installation), undefined, installation);
}

function willText(act: Act): string {
  if (act.act === 'discard version') return `AWSPENDING is taken off version ${act.versionId}, whose rotation does not end.`;
  const { apiKeyId, undoRequest, intent } = act.record;
  switch (act.act) {
    case 'withdraw request':
      return `The undo request for ${apiKeyId} is withdrawn (${undoRequest?.because ?? ''}).`;
    case 'give grace':
      return `Retirement gives ${apiKeyId} its grace: AWSCURRENT was about to move to it, and consumers may have read it.`;
    case 'finish':
      return `Retirement finishes that ${apiKeyId} becomes ${intent?.to ?? ''} (${intent === undefined ? '' : causeText(intent.cause)}).`;
    case 'return':
      return `Retirement returns ${apiKeyId} to where it was claimed from.`;
  }
}

function didText(act: Act, is: Exclude<Became, 'as before'>): string {
  if (act.act === 'discard version') {
    return is === 'version discarded'
      ? `AWSPENDING is taken off version ${act.versionId}.`
      : `Version ${act.versionId} had become current before.`;
  }
  if (typeof is === 'string') return willText(act);
  const { apiKeyId } = act.record;
  if (is.before === true) return `The undo of ${apiKeyId} had been carried out before: it is ${is.state}.`;
  return `${apiKeyId} is ${is.state}${act.act === 'return' ? ' again' : ''}.`;
}

function waitText({ apiKeyId, then, until }: Wait): string {
  switch (then) {
    case 'give grace':
      return `${apiKeyId} may have become current a moment ago: it gets its grace at ${instant(until)}, if it is not current then.`;
    case 'finish':
      return `A run is at work on ${apiKeyId}: retirement finishes that at ${instant(until)}, if it is not finished then.`;
    case 'return':
      return `${apiKeyId} is returned 15 minutes after its claim, at ${instant(until)}.`;
  }
}
