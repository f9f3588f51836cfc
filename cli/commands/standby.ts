import type { Command } from '../command.ts';
import { withInstallation, type InstallationFlags } from '../installation.ts';
import { add, type AddFlags } from '../standby/add.ts';
import { check, type CheckFlags } from '../standby/check.ts';
import { list } from '../standby/list.ts';
import { remove, type RemoveFlags } from '../standby/remove.ts';

/** `keyguard standby add|list|check|remove`. */
export const standby: Command = {
  name: 'standby',
  summary: 'Take in, list, check and remove standby keys',
  register: (program, io) => {
    const group = program.command(standby.name).summary(standby.summary).description(`${standby.summary}.`);
    withInstallation(group.command('add'))
      .summary('Check a key made in the Console, store it and deactivate it')
      .description(
        'Reads the value of a key from standard input or a hidden prompt; never from an argument. Nothing is stored before every ' +
          'check has passed: form, organization, workspace, expiry, that nobody has used it in the last 7 days, and that Anthropic accepts ' +
          'it. Then it is stored, made inactive and proven dead, until a rotation claims it. With --in-use a key that is in use is ' +
          'taken all the same, after a question: whoever uses it is refused from then on.',
      )
      .argument('<name>', 'the managed key, as keyguard.json names it')
      .option('--api-key-id <apikey_…>', 'which key it is, where the value fits several')
      .option('--accept-user-key', 'take a key that acts as a person, and dies when that person leaves')
      .option('--in-use', 'take a key that is in use, or of which nobody can tell; asks for its id')
      .option('--confirm <apikey_…>', 'of --in-use where no terminal is there to ask on: the id of that key')
      .action((name: string, flags: AddFlags) => add(name, flags, io));
    withInstallation(group.command('list'))
      .summary('Standby keys and how far they reach; never values')
      .description('Lists the keys that wait for a rotation, are being claimed by one, or failed their proof; and how far they reach.')
      .argument('[name]', 'the managed key, as keyguard.json names it; without it, all')
      .action((name: string | undefined, flags: InstallationFlags) => list(name, flags, io));
    withInstallation(group.command('check'))
      .summary('Whether the standby keys are what a rotation will need')
      .description(
        'Compares each standby key with what Anthropic and Secrets Manager show: inactive, in its workspace, living long enough, its value ' +
          'stored. With --prove the rotation function also activates each key, proves it from both sides and deactivates it again; one that ' +
          'fails is rejected. Exit code 1 where one cannot be relied on.',
      )
      .argument('[name]', 'the managed key, as keyguard.json names it; without it, all')
      .option('--prove', 'have each key proven as a rotation would')
      .action((name: string | undefined, flags: CheckFlags) => check(name, flags, io));
    withInstallation(group.command('remove'))
      .summary('Take a standby, rejected or cut-off key out of the pool for good')
      .description(
        'Archives a key that never served (standby, rejected, or cut off) at Anthropic, which is for ever, and gives its place in the standby secret free. ' +
          'Safe to repeat.',
      )
      .argument('<name>', 'the managed key, as keyguard.json names it')
      .argument('<apikey_id>', 'the key, as npx --no-install keyguard standby list shows it')
      .option('--because <text>', 'why, for the history')
      .option('--yes', 'do not ask')
      .action((name: string, apiKeyId: string, flags: RemoveFlags) => remove(name, apiKeyId, flags, io));
  },
};
