import { audit } from '../../lambda/adapters/aws/audit.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { pauses } from '../../lambda/adapters/aws/pauses.ts';
import { KeyguardError, LostRace } from '../../lambda/foundation/errors.ts';
import { isWanted } from '../../lambda/rotation/claim.ts';
import { cutOffLast } from '../../lambda/rotation/conditions.ts';
import { isCondemned } from '../../lambda/rotation/lifecycle.ts';
import { owesRotation } from '../../lambda/rotation/ports.ts';
import { checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { enableSchedule } from '../../lambda/rotation/commands/schedule.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { checkRestored } from '../../lambda/rotation/commands/obstacle.ts';
import { type KeySnapshot, openVersion, snapshotOf } from '../../lambda/rotation/commands/snapshot.ts';
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
  const before = await snapshotOf(definition, installation.ports);
  checkRestored(definition.secretName, before.secret);
  const stopped = before.pause !== undefined || !before.secret.rotationEnabled;
  if (stopped) await goOn(before, because, installation);
  const after = await snapshotOf(definition, installation.ports);
  const { nextRotationAt } = after.secret;
  // Before, because turning the schedule on makes a version of its own, to try the function.
  const rotationOwed = (stopped && openVersion(before) !== undefined) || (await isOwed(after, installation));
  if (flags.json === true) {
    json(
      {
        managedKey: name,
        pausedSince: isoOrNull(before.pause?.at ?? null),
        resumed: stopped,
        nextRotationAt: isoOrNull(nextRotationAt),
        rotationOwed,
      },
      io,
    );
    return;
  }
  line(stopped ? `${name} goes on${afterText(before)}.` : `${name} is not paused; nothing was changed.`, io);
  if (!rotationOwed && (await consumersWait(name, installation))) line(waitingText(name), io);
  if (rotationOwed) line('A rotation that did not come to its end, or was asked for, begins again within minutes.', io);
  line(`${rotationOwed ? 'By its schedule the' : 'Its'} next rotation is due by ${instant(nextRotationAt)}.`, io);
}

/** Whether retirement will start one by itself, as soon as there is a key for it. */
async function isOwed(sight: KeySnapshot, { table, clock }: OpenInstallation): Promise<boolean> {
  const failed = await incidentStore(table).find('rotation-failed', sight.definition.name);
  const now = clock.now();
  return (
    (failed?.state === 'open' && owesRotation(failed)) ||
    cutOffLast(sight) !== undefined ||
    sight.own.some((record) => isWanted(record, now) || (record.state === 'current' && isCondemned(record, now)))
  );
}

/** The schedule first: killed in between, the key stays paused and a repeat goes on. */
async function goOn({ definition, secret, pause }: KeySnapshot, because: string, installation: OpenInstallation): Promise<void> {
  const { name } = definition;
  const { table, clock } = installation;
  if (!secret.rotationEnabled) {
    await enableSchedule(definition, 'the next window on', installation.ports);
    if (!(await snapshotOf(definition, installation.ports)).secret.rotationEnabled) {
      throw new KeyguardError(
        'still-stopped',
        `the rotation schedule of ${name} could not be turned on`,
        `npx --no-install keyguard unstick ${name}, then this again`,
      );
    }
  }
  await audit(table).note({ managedKey: name, at: clock.now(), by: await callerName(), cause: { code: 'resumed', reason: because } });
  if (pause === undefined) return;
  try {
    await pauses(table).end(name);
  } catch (error) {
    // Somebody else ended it.
    if (!(error instanceof LostRace)) throw error;
  }
}

function afterText({ pause }: KeySnapshot): string {
  return pause === undefined
    ? ': its schedule was stopped, and is on again'
    : `, after a pause since ${instant(pause.at)} (${pause.because})`;
}
