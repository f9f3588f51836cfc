import type { CliIo, Command } from '../command.ts';
import type { Configuration } from '../../lib/config/schema.ts';
import { loadConfiguration } from '../../lib/config/load.ts';
import { counted, json, line, table } from '../output.ts';

interface Flags {
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
      .option('--json', 'print the checked configuration with its defaults; errors as JSON on standard error')
      .action((flags: Flags) => check(flags, io));
  },
};

async function check(flags: Flags, io: CliIo): Promise<void> {
  const { configuration, file } = loadConfiguration({ path: flags.config, homeRegion: io.region });
  if (flags.json === true) {
    json(configuration, io);
    return;
  }
  const { installation, anthropic, managedKeys, alerts, detection } = configuration;
  const names = managedKeys.map((key) => key.name).join(', ');
  line(`${file} is valid: installation ${installation}, ${counted(managedKeys.length, 'managed key')}: ${names}`, io);
  line(`Organization ${anthropic.organizationId}, admin access by ${anthropic.adminAccess.kind}.`, io);
  line(
    `Alerts go to ${alerts.emails.join(', ')}${alerts.slack === undefined ? '' : ' and to Slack'}; ` +
      `accepted false alarms a month: ${detection.falseAlarmsPerMonth}.`,
    io,
  );
  await table(['MANAGED KEY', 'WORKSPACE', 'EVERY', 'GRACE', 'AT MAXIMUM', 'CONTAINMENT'], managedKeys.map(rowOf), io);
}

function rowOf({ name, workspaceId, rotation, containment }: Configuration['managedKeys'][number]): readonly string[] {
  return [name, workspaceId, rotation.every, `${rotation.minimumGrace} to ${rotation.maximumGrace}`, rotation.atMaximum, containment.mode];
}
