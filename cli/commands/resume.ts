import { audit } from '../../lambda/adapters/aws/audit.ts';
import { pauses } from '../../lambda/adapters/aws/pauses.ts';
import { KeyguardError, LostRace } from '../../lambda/foundation/errors.ts';
import { checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { letRotate } from '../go-on.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { lookAt, type KeySight } from '../key-sight.ts';
import { instant, isoOrNull, json, line } from '../output.ts';

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
        'Turns the rotation schedule on again, with the rules that it had, and ends the pause. Nothing rotates at once; old keys whose ' +
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
  const before = await lookAt(definition, installation);
  const stopped = before.pause !== undefined || !before.secret.rotationEnabled;
  if (stopped) await goOn(before, because, installation);
  const { nextRotationAt } = (await lookAt(definition, installation)).secret;
  if (flags.json === true) {
    json(
      { managedKey: name, pausedSince: isoOrNull(before.pause?.at ?? null), resumed: stopped, nextRotationAt: isoOrNull(nextRotationAt) },
      io,
    );
    return;
  }
  line(stopped ? `${name} goes on${afterText(before)}.` : `${name} is not paused; nothing was changed.`, io);
  line(`Its next rotation is due by ${instant(nextRotationAt)}.`, io);
}

/** The schedule first: killed in between, the key stays paused and a repeat goes on. */
async function goOn({ definition, secret, pause }: KeySight, because: string, installation: OpenInstallation): Promise<void> {
  const { name } = definition;
  const { table, clock } = installation;
  if (!secret.rotationEnabled) {
    await letRotate(definition, 'the next window on', installation);
    if (!(await lookAt(definition, installation)).secret.rotationEnabled) {
      throw new KeyguardError(
        'still-stopped',
        `the rotation schedule of ${name} could not be turned on`,
        `npx keyguard unstick ${name}, then this again`,
      );
    }
  }
  await audit(table).note({ managedKey: name, at: clock.now(), by: await callerName(), because: `resumed: ${because}` });
  if (pause === undefined) return;
  try {
    await pauses(table).end(name);
  } catch (error) {
    // Somebody else ended it.
    if (!(error instanceof LostRace)) throw error;
  }
}

function afterText({ pause }: KeySight): string {
  return pause === undefined
    ? ': its schedule was stopped, and is on again'
    : `, after a pause since ${instant(pause.at)} (${pause.because})`;
}
