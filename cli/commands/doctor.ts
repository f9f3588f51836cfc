import type { CliIo, Command } from '../command.ts';
import { accessChecks } from '../doctor/access.ts';
import { alarmChecks } from '../doctor/alarms.ts';
import { alertChecks } from '../doctor/alerts.ts';
import type { Check } from '../doctor/check.ts';
import { deadLetterChecks } from '../doctor/dead-letters.ts';
import { deployedChecks } from '../doctor/deployed.ts';
import { functionChecks } from '../doctor/functions.ts';
import { managedKeyChecks } from '../doctor/managed-keys.ts';
import { oddItemChecks } from '../doctor/odd-items.ts';
import { removedChecks } from '../doctor/removed.ts';
import { secretPolicyChecks } from '../doctor/secret-policies.ts';
import { usageChecks } from '../doctor/usage.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags } from '../installation.ts';
import { colours, counted, json, line } from '../output.ts';

/** `keyguard doctor [NAME]`: reads only. */
export const doctor: Command = {
  name: 'doctor',
  summary: 'Check everything that Key Guard stands on, and say how to mend it',
  register: (program, io) => {
    withInstallation(program.command(doctor.name))
      .summary(doctor.summary)
      .description(
        'Looks at access to AWS and Anthropic, the clock of this machine, whether the functions run (the one that rotates is called and ' +
          'asked for nothing), whether alerts and alarms reach everybody whom keyguard.json names, whether functions, alarms, schedules and replicas are what it says, and at each managed key: schedule, rotation, half-done work, pool, ' +
          'who may read its standby keys, and whether Anthropic shows its keys as they should be. It changes nothing. Exit code 1 where something is broken; a warning, or a check that you may not make, is none.',
      )
      .argument('[name]', 'the managed key, as keyguard.json names it; without it, all')
      .option('--verbose', 'show what is well, too, a line each')
      .action((name: string | undefined, flags: DoctorFlags) => examine(name, flags, io));
  },
};

interface DoctorFlags extends InstallationFlags {
  readonly verbose?: boolean;
}

async function examine(name: string | undefined, flags: DoctorFlags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const wanted = name === undefined ? installation.managedKeys : [managedKey(installation, name)];
  const about = installation.definition.installation;
  const access = await accessChecks(about, installation);
  const all = [
    ...access.checks,
    ...(await functionChecks(about, installation)),
    ...(await usageChecks(about, installation)),
    ...(await deployedChecks(
      about,
      wanted.map((key) => key.name),
      installation,
    )),
    ...(await alertChecks(about, installation)),
    ...(await alarmChecks(about, installation)),
    ...(await deadLetterChecks(about, installation)),
    ...(await managedKeyChecks(wanted, access.infos, installation)),
    ...(await secretPolicyChecks(about, wanted, installation)),
    ...(name === undefined ? await removedChecks(installation) : []),
    // Last: what the other checks met counts, too.
    ...(await oddItemChecks(about, installation)),
  ];
  // What somebody must mend comes first.
  const checks = [...all].sort((a, b) => states.indexOf(a.state) - states.indexOf(b.state));
  const count = (state: Check['state']): number => checks.filter((check) => check.state === state).length;
  if (flags.json === true) {
    json(checks, io);
  } else {
    for (const check of checks) if (flags.verbose === true || check.state !== 'ok') show(check, io);
    line(
      `${counted(checks.length, 'check')}: ${count('ok')} ok, ${counted(count('warning'), 'warning')}, ${count('broken')} broken.${flags.verbose === true ? '' : ' --verbose shows each.'}`,
      io,
    );
  }
  if (count('broken') > 0) io.fail(`${counted(count('broken'), 'check')} found something broken`, 'each line above says how to mend it', 1);
}

const states: readonly Check['state'][] = ['broken', 'warning', 'ok'];

function show({ about, check, state, what, fix }: Check, io: CliIo): void {
  const paint = colours(io.stdout);
  const colour = { ok: paint.green, warning: paint.yellow, broken: paint.red }[state];
  line(`${colour(state.padEnd(8))} ${about}, ${check}: ${what}${fix === null ? '' : `; fix: ${fix}`}`, io);
}
