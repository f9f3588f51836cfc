import { channelSecretsOf } from '../../contract/names.ts';
import { channels } from '../../contract/registry.ts';
import type { CliIo, Command } from '../command.ts';
import type { Configuration } from '../../lib/config/schema.ts';
import { loadConfiguration } from '../../lib/config/load.ts';
import { counted, json, line, table } from '../output.ts';

interface Flags {
  readonly account?: true;
  readonly config?: string;
  readonly json?: boolean;
}

/** `keyguard config check`: every error of keyguard.json at once, or what it says in short. */
export const config: Command = {
  name: 'config',
  summary: 'Check keyguard.json',
  register: (program, io) => {
    const group = program.command(config.name).summary(config.summary).description(`${config.summary}.`);
    group
      .command('check')
      .summary('Say what is wrong with keyguard.json: field, value and fix, all at once')
      .description('Says everything that is wrong with keyguard.json at once, with field, value and fix; or, in short, what it says.')
      .option('--config <file>', 'the file to check (default: keyguard.json in this folder)')
      .option(
        '--account',
        'also look into the AWS account, and say what a deployment would fail on, break or leave behind; it changes nothing',
      )
      .option('--json', 'print the checked configuration with its defaults; errors as JSON on standard error')
      .action((flags: Flags) => check(flags, io));
  },
};

async function check(flags: Flags, io: CliIo): Promise<void> {
  const { configuration, file } = loadConfiguration({ path: flags.config, homeRegion: io.region });
  const answers = flags.account === true ? await (await import('../account-check.ts')).accountAnswers(configuration, io) : [];
  const failing = answers.filter(({ state }) => state === 'broken').length;
  if (flags.json === true) json(flags.account === true ? { ...configuration, account: answers } : configuration, io);
  else await summary(configuration, file, io);
  if (flags.json !== true)
    for (const { state, what, fix } of answers) line(`${state.padEnd(8)} ${what}${fix === null ? '' : `; fix: ${fix}`}`, io);
  if (failing > 0)
    io.fail(
      `a deployment of ${file} would fail, or break what works`,
      'each line above that begins with "broken" says why, and what helps',
      1,
    );
}

async function summary(configuration: Configuration, file: string, io: CliIo): Promise<void> {
  const { installation, anthropic, managedKeys, alerts, detection } = configuration;
  const names = managedKeys.map((key) => key.name).join(', ');
  line(`${file} is valid: installation ${installation}, ${counted(managedKeys.length, 'managed key')}: ${names}`, io);
  line(`Organization ${anthropic.organizationId}, admin access by ${anthropic.adminAccess.kind}.`, io);
  const posted = [...channelSecretsOf(installation, alerts).keys()];
  line(
    `Alerts go to ${alerts.emails.join(', ')}${posted.map((kind) => ` and to ${channels[kind].name}`).join('')}; ` +
      `accepted false alarms a month: ${detection.falseAlarmsPerMonth}.`,
    io,
  );
  await table(['MANAGED KEY', 'WORKSPACE', 'EVERY', 'GRACE', 'AT MAXIMUM', 'CONTAINMENT'], managedKeys.map(rowOf), io);
}

function rowOf({ name, workspaceId, rotation, containment }: Configuration['managedKeys'][number]): readonly string[] {
  return [name, workspaceId, rotation.every, `${rotation.minimumGrace} to ${rotation.maximumGrace}`, rotation.atMaximum, containment.mode];
}
