import { cutOffText } from '../../lambda/incidents/message/cut-off-text.ts';
import { requestLastsMs } from '../../lambda/rotation/claim.ts';
import { rotatedTo, type Rotated } from '../../lambda/rotation/commands/follow.ts';
import { readSnapshot, type KeySnapshot } from '../../lambda/rotation/commands/snapshot.ts';
import { planUndo, requestUndo, type UndoPlan } from '../../lambda/rotation/commands/undo.ts';
import { checkedApiKeyId, checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { follow } from '../follow.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { instant, json, lengthText, line, progress } from '../output.ts';
import { agreed } from '../prompt.ts';
import { currentSince, rotatedJson, rotatedOrFail, sayPrevious } from '../rotation-outcome.ts';

interface Flags extends InstallationFlags {
  readonly apiKeyId?: string;
  readonly because?: string;
  readonly yes?: boolean;
}

/** `keyguard undo NAME`: back to the key that consumers read before. */
export const undo: Command = {
  name: 'undo',
  summary: 'Go back to the key that a rotation replaced',
  register: (program, io) => {
    withInstallation(program.command(undo.name))
      .summary(undo.summary)
      .description(
        'Makes the key active again that consumers read before, proves it, and moves AWSCURRENT back to it; the key that was current ' +
          'gets its ordinary grace. It works as long as the old key is not archived. Safe to repeat for ' +
          'an hour; later, the same command goes back again, unless --api-key-id names the key that you want.',
      )
      .argument('<name>', 'the managed key, as keyguard.json names it')
      .option(
        '--api-key-id <apikey_…>',
        'which old key (default: the one that was replaced last; one that was cut off, or that somebody disabled, must be named)',
      )
      .option('--because <text>', 'why, for the history')
      .option('--yes', 'do not ask')
      .action((name: string, flags: Flags) => run(name, flags, io));
  },
};

async function run(name: string, flags: Flags, io: CliIo): Promise<void> {
  if (flags.apiKeyId !== undefined) checkedApiKeyId(flags.apiKeyId, '--api-key-id', io);
  const because = checkedReason(flags.because, io);
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const snapshot = await readSnapshot(definition, installation.ports);
  const plan = await planUndo(snapshot, flags.apiKeyId, installation.ports);
  const { target } = plan;
  const rotated = target.state === 'current' ? undefined : await goBack(snapshot, plan, { because, flags }, installation, io);
  const outcome = rotated ?? rotatedTo(target, target.token ?? '', snapshot.own);
  if (flags.json === true) {
    json(rotatedJson(definition, outcome), io);
    return;
  }
  line(`${name} ${rotated === undefined ? 'needs no undo' : 'is back'}: ${currentSince(outcome)}.`, io);
  sayPrevious(definition, outcome, io);
}

async function goBack(
  snapshot: KeySnapshot,
  plan: UndoPlan,
  { because, flags }: { readonly because: string; readonly flags: Flags },
  installation: OpenInstallation,
  io: CliIo,
): Promise<Rotated> {
  const { definition } = snapshot;
  const { apiKeyId } = plan.target;
  for (const warning of warningsOf(snapshot, plan)) progress(warning, io);
  if (flags.yes !== true) await agreed(`Undo the rotation of ${definition.name}? ${planText(snapshot, plan)}`, io);
  const by = await callerName();
  const outcome = await follow(definition, () => requestUndo(snapshot, plan.target, { by, because }, installation.ports), installation, io);
  const waits = `The undo request for ${apiKeyId} stands for ${lengthText(requestLastsMs)}, and is carried out as soon as it can be; npx --no-install keyguard unstick ${definition.name} takes it back`;
  const rotated = rotatedOrFail(definition, outcome, io, waits);
  // A rotation that had begun before took its turn.
  if (rotated.current.apiKeyId !== apiKeyId) io.fail(`${definition.name} rotated, but to ${rotated.current.apiKeyId}`, waits, 1);
  return rotated;
}

function warningsOf({ own, definition }: KeySnapshot, { target, isEnabled, cut, later, emergency }: UndoPlan): readonly string[] {
  const current = own.find((record) => record.state === 'current');
  return [
    ...(cut === undefined ? [] : [`Careful: ${target.apiKeyId} was cut off (${cutOffText(cut)}).`]),
    ...(isEnabled ? [] : [`Careful: somebody disabled ${target.apiKeyId} at Anthropic; it is enabled again.`]),
    ...(later === undefined ? [] : [`${later.apiKeyId} was replaced later, and is ${later.state}; it comes back only if you name it.`]),
    ...(current === undefined || emergency === undefined
      ? []
      : [`${current.apiKeyId} gets no grace: an emergency of ${definition.name} is not over (${emergency.because}).`]),
  ];
}

function planText({ own, definition: { rotation } }: KeySnapshot, { target, emergency }: UndoPlan): string {
  const current = own.find((record) => record.state === 'current');
  const back = `${target.apiKeyId} (${target.hint}), ${target.state} since ${instant(target.since)}, becomes current again.`;
  if (current === undefined || emergency !== undefined) return back;
  return `${back} ${current.apiKeyId} stays valid for at least ${lengthText(rotation.minimumGraceMs)}.`;
}
