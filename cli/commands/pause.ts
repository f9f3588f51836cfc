import type { PauseRecord } from '../../contract/records.ts';
import { audit } from '../../lambda/adapters/aws/audit.ts';
import { pauses } from '../../lambda/adapters/aws/pauses.ts';
import { rotationSchedule } from '../../lambda/adapters/aws/rotation-schedule.ts';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { LostRace } from '../../lambda/foundation/errors.ts';
import { checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { standingEmergency } from '../key-findings.ts';
import { checkRestored } from '../../lambda/rotation/commands/obstacle.ts';
import { type KeySnapshot, openVersion, snapshotOf } from '../../lambda/rotation/commands/snapshot.ts';
import { instant, isoOrNull, json, line, progress } from '../output.ts';
import { agreed } from '../prompt.ts';

/** A rotation that has begun may come to its end; one that hangs is broken off. */
const patienceMs = 2 * minuteMs;
const beatMs = 5_000;

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
  const before = await snapshotOf(definition, installation.ports);
  checkRestored(definition.secretName, before.secret);
  if (before.pause === undefined) {
    for (const sentence of warningsOf(before, installation.clock.now())) progress(sentence, io);
    const question = `Pause ${name}? Until npx --no-install keyguard resume ${name}, no key rotates, and no old key becomes inactive or is archived.`;
    if (flags.yes !== true) await agreed(question, io);
  }
  const record = before.pause ?? (await begin(name, because, installation));
  const after = before.pause !== undefined && !before.secret.rotationEnabled ? before : await stop(record, before, installation, io);
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

/** Stored before the schedule stops: killed in between, no rotation begins all the same. */
async function begin(name: string, because: string, { table, clock }: OpenInstallation): Promise<PauseRecord> {
  const record: PauseRecord = { schema: 1, managedKey: name, at: clock.now(), by: await callerName(), because };
  try {
    await pauses(table).begin(record);
    return record;
  } catch (error) {
    const found = error instanceof LostRace ? await pauses(table).find(name) : undefined;
    if (found === undefined) throw error;
    return found;
  }
}

async function stop(record: PauseRecord, { definition }: KeySnapshot, installation: OpenInstallation, io: CliIo): Promise<KeySnapshot> {
  const { table, secrets, clock } = installation;
  await audit(table).note({
    managedKey: record.managedKey,
    at: clock.now(),
    by: await callerName(),
    cause: { code: 'paused', by: record.by, reason: record.because },
  });
  const deadline = clock.now() + patienceMs;
  if (openVersion(await snapshotOf(definition, installation.ports)) !== undefined)
    progress('A rotation is under way; waiting for its end …', io);
  while (openVersion(await snapshotOf(definition, installation.ports)) !== undefined && clock.now() < deadline) await clock.pause(beatMs);
  await rotationSchedule(secrets).stop(definition.secretName);
  return snapshotOf(definition, installation.ports);
}

function warningsOf({ own, definition: { name } }: KeySnapshot, now: number): readonly string[] {
  return own.flatMap((record) => {
    const { apiKeyId, state, wanted } = record;
    return [
      ...(standingEmergency(record, now) === undefined
        ? []
        : [
            `Careful: an emergency of ${name} is not over: ${apiKeyId} is to be cut off, ${
              state === 'current' ? 'and stays on while it is paused' : 'and is, although it is paused'
            }.`,
          ]),
      ...(wanted === undefined ? [] : [`${apiKeyId} is wanted back (${wanted.because}), and does not come back while ${name} is paused.`]),
    ];
  });
}
