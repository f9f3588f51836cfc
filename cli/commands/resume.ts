import { checkRestored } from '../../lambda/rotation/commands/obstacle.ts';
import { resumeKey } from '../../lambda/rotation/commands/pause.ts';
import { readSnapshot, type KeySnapshot } from '../../lambda/rotation/commands/snapshot.ts';
import { checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags } from '../installation.ts';
import { instant, isoOrNull, json, line } from '../output.ts';
import { consumersWait, waitingText } from '../read-keys.ts';

interface Flags extends InstallationFlags {
  readonly because?: string;
}

/** `keyguard resume NAME`. */
export const resume: Command = {
  name: 'resume',
  summary: 'End the pause of a managed key',
  register: (program, io) => {
    withInstallation(program.command(resume.name))
      .summary(resume.summary)
      .description(
        'Turns the rotation schedule on again, with the rules that it had, and ends the pause. Nothing rotates at once, but a rotation ' +
          'that had failed, was broken off or is asked for begins again within minutes; old keys whose ' +
          'time came meanwhile become inactive, or are archived, within five minutes. Also for a schedule that somebody stopped in the ' +
          'AWS console. Safe to repeat.',
      )
      .argument('<name>', 'the managed key, as keyguard.json names it')
      .option('--because <text>', 'why, for the history')
      .action((name: string, flags: Flags) => run(name, flags, io));
  },
};

async function run(name: string, flags: Flags, io: CliIo): Promise<void> {
  const because = checkedReason(flags.because, io);
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const before = await readSnapshot(definition, installation.ports);
  checkRestored(definition.secretName, before.secret);
  const { resumed, after, owed } = await resumeKey(before, { by: await callerName(), because }, installation.ports);
  const { nextRotationAt } = after.secret;
  if (flags.json === true) {
    json(
      {
        managedKey: name,
        pausedSince: isoOrNull(before.pause?.at ?? null),
        resumed,
        nextRotationAt: isoOrNull(nextRotationAt),
        rotationOwed: owed,
      },
      io,
    );
    return;
  }
  line(resumed ? `${name} goes on${afterText(before)}.` : `${name} is not paused; nothing was changed.`, io);
  if (!owed && (await consumersWait(name, installation))) line(waitingText(name), io);
  if (owed) line('A rotation that did not come to its end, or was asked for, begins again within minutes.', io);
  line(`${owed ? 'By its schedule the' : 'Its'} next rotation is due by ${instant(nextRotationAt)}.`, io);
}

function afterText({ pause }: KeySnapshot): string {
  return pause === undefined
    ? ': its schedule was stopped, and is on again'
    : `, after a pause since ${instant(pause.at)} (${pause.because})`;
}
