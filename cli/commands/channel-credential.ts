import { channels, type PostedChannel } from '../../contract/registry.ts';
import { storeCurrent } from '../../lambda/adapters/aws/secret-versions.ts';
import { channelFiles, type Credential } from '../../lambda/incidents/channels.ts';
import type { CliIo, Command } from '../command.ts';
import { openInstallation, withInstallation, type InstallationFlags } from '../installation.ts';
import { json, line } from '../output.ts';
import { secretFrom } from '../prompt.ts';

/** `keyguard <channel> set`: what opens a channel, stored in its secret. */
export async function channelCredential(kind: PostedChannel): Promise<Command> {
  const { credential } = await channelFiles[kind]();
  const summary = `Store ${channels[kind].credential.what}`;
  return {
    name: kind,
    summary,
    register: (program, io) => {
      const group = program.command(kind).summary(summary).description(`${summary}.`);
      withInstallation(group.command('set'))
        .summary(credential.help.summary)
        .description(credential.help.description)
        .action((flags: InstallationFlags) => set(kind, credential, flags, io));
    },
  };
}

async function set(kind: PostedChannel, credential: Credential, flags: InstallationFlags, io: CliIo): Promise<void> {
  const { definition, secrets } = await openInstallation(flags, io);
  const secretName = definition.channelSecrets.get(kind);
  if (secretName === undefined) return io.fail(`this installation has no ${channels[kind].name} channel`, credential.turnOn, 1);
  const value = await secretFrom(credential.prompt, io);
  const fix = `${credential.fix}. Nothing was stored`;
  if (!value.matches(credential.shape)) return io.fail(credential.malformed, fix, 1);
  if (credential.placeholder !== undefined && value.matches(credential.placeholder.shape))
    return io.fail(credential.placeholder.what, fix, 1);
  await storeCurrent(secrets, secretName, value);
  if (flags.json === true) {
    json({ secretName }, io);
    return;
  }
  line(`The ${channels[kind].credential.noun} is stored in ${secretName}; the next alert goes there.`, io);
}
