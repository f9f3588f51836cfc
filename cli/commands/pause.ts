import { checkRestored } from '../../lambda/rotation/commands/obstacle.ts';
import { pauseKey } from '../../lambda/rotation/commands/pause.ts';
import { readSnapshot, type KeySnapshot } from '../../lambda/rotation/commands/snapshot.ts';
import { openVersion } from '../../lambda/rotation/staging-labels.ts';
import { checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags } from '../installation.ts';
import { standingEmergency } from '../key-findings.ts';
import { instant, isoOrNull, json, line, progress } from '../output.ts';
import { agreed } from '../prompt.ts';

interface Flags extends InstallationFlags {
  readonly because: string;
  readonly yes?: boolean;
}

/** `keyguard pause NAME`. */
export const pause: Command = {
  name: 'pause',
  summary: 'Leave a managed key as it is, until resume',
  register: (program, io) => {
    withInstallation(program.command(pause.name))
      .summary(pause.summary)
      .usage('[options] --because <text> <name>')
      .description(
        'Stops the rotation of a managed key: no new key becomes current, no old key becomes inactive or is archived. A rotation ' +
          'that is under way has two minutes to end, and is broken off then: consumers keep the key that they have, and npx --no-install keyguard unstick ' +
          'NAME clears it away. A key that is half retired is finished. Alarms go on, and so does containment, except that it cannot put another key in the place of the current ' +
          'one: for that there is npx --no-install keyguard rotate NAME --emergency, which ends the pause. Safe to repeat.',
      )
      .argument('<name>', 'the managed key, as keyguard.json names it')
      .requiredOption('--because <text>', 'why, for whoever finds it paused; required')
      .option('--yes', 'do not ask')
      .action((name: string, flags: Flags) => run(name, flags, io));
  },
};

async function run(name: string, flags: Flags, io: CliIo): Promise<void> {
  const because = checkedReason(flags.because, io);
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const before = await readSnapshot(definition, installation.ports);
  checkRestored(definition.secretName, before.secret);
  if (before.pause === undefined) {
    for (const sentence of warningsOf(before, installation.clock.now())) progress(sentence, io);
    const question = `Pause ${name}? Until npx --no-install keyguard resume ${name}, no key rotates, and no old key becomes inactive or is archived.`;
    if (flags.yes !== true) await agreed(question, io);
  }
  const { pause: record, after } = await pauseKey(
    before,
    { by: await callerName(), because },
    () => progress('A rotation is under way; waiting for its end …', io),
    installation.ports,
  );
  const leftOpen = openVersion(after);
  if (flags.json === true) {
    json(
      { managedKey: name, pausedSince: isoOrNull(record.at), by: record.by, because: record.because, rotationLeftOpen: leftOpen ?? null },
      io,
    );
    return;
  }
  const already = before.pause === undefined ? '' : ' already';
  line(`${name} is paused${already}, since ${instant(record.at)} by ${record.by}: ${record.because}.`, io);
  if (leftOpen !== undefined) line(`A rotation was broken off; to clear it away: npx --no-install keyguard unstick ${name}`, io);
  line(`It goes on with: npx --no-install keyguard resume ${name}`, io);
}

function warningsOf({ own, definition: { name } }: KeySnapshot, now: number): readonly string[] {
  return own.flatMap((record) => {
    const { apiKeyId, state, undoRequest } = record;
    return [
      ...(standingEmergency(record, now) === undefined
        ? []
        : [
            `Careful: an emergency of ${name} is not over: ${apiKeyId} is to be cut off, ${
              state === 'current' ? 'and stays on while it is paused' : 'and is, although it is paused'
            }.`,
          ]),
      ...(undoRequest === undefined
        ? []
        : [`An undo of ${apiKeyId} was requested (${undoRequest.because}). It does not come back while ${name} is paused.`]),
    ];
  });
}
