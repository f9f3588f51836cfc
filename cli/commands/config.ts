import { loadConfiguration } from '../../lib/config/load.ts';
import type { CliIo, Command } from '../command.ts';
import { projectRoot } from '../installation.ts';
import { json, line } from '../output.ts';

interface Flags {
  readonly config?: string;
  readonly json?: boolean;
}

/** `keyguard config check`: every error of keyguard.json at once, or what it says in short. */
export const config: Command = {
  name: 'config',
  summary: 'Check keyguard.json',
  register: (program, io) => {
    program
      .command(config.name)
      .summary(config.summary)
      .command('check')
      .summary('Say what is wrong with keyguard.json: field, value and fix, all at once')
      .option('--config <file>', 'the file to check (default: keyguard.json)')
      .option('--json', 'print the checked configuration with its defaults')
      .action((flags: Flags) => check(flags, io));
  },
};

function check(flags: Flags, io: CliIo): void {
  const { configuration, file, notice } = loadConfiguration({ root: projectRoot, path: flags.config });
  if (notice !== undefined) io.stderr.write(`${notice}\n`);
  if (flags.json === true) {
    json(configuration, io);
    return;
  }
  const keys = configuration.managedKeys.map((key) => `${key.name} (every ${key.rotation.every}, containment ${key.containment.mode})`);
  line(`${file} is valid: installation ${configuration.installation}, ${keys.length} managed keys: ${keys.join(', ')}`, io);
}
