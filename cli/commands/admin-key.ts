import { apiKeys } from '../../lambda/adapters/anthropic/api-keys.ts';
import { clientOf } from '../../lambda/adapters/anthropic/client.ts';
import { storeCurrent } from '../../lambda/adapters/aws/secret-versions.ts';
import type { CliIo, Command } from '../command.ts';
import { openInstallation, withInstallation, type InstallationFlags } from '../installation.ts';
import { json, line, progress } from '../output.ts';
import { secretFrom } from '../prompt.ts';

/** `keyguard admin-key set`: proven with one call, then stored. */
export const adminKey: Command = {
  name: 'admin-key',
  summary: 'Store the Anthropic admin key',
  register: (program, io) => {
    const group = program.command(adminKey.name).summary(adminKey.summary);
    withInstallation(group.command('set'))
      .summary('Prove an Admin API key and store it in its secret')
      .description('Reads the key from stdin or a hidden prompt, lists the organization’s keys with it, and stores it only if that works.')
      .action((flags: InstallationFlags) => set(flags, io));
  },
};

async function set(flags: InstallationFlags, io: CliIo): Promise<void> {
  const { definition, secrets } = await openInstallation(flags, io);
  const access = definition.adminAccess;
  if (access.kind !== 'key') {
    return io.fail(
      'this installation uses federation: there is no admin key to store',
      'set anthropic.adminAccess.kind to "key" to use one',
      1,
    );
  }
  const value = await secretFrom('Admin API key (sk-ant-admin01-…)', io);
  if (!value.matches(/^sk-ant-admin\d\d-[A-Za-z0-9_-]{20,}$/)) {
    return io.fail(
      'this does not look like an Admin API key',
      'make one in the Claude Console > Settings > Admin keys; it begins with sk-ant-admin',
      1,
    );
  }
  progress('Asking Anthropic with it …', io);
  const keys = await apiKeys(clientOf(value, definition.anthropicBaseUrl)).list();
  await storeCurrent(secrets, access.secretArn, value);
  if (flags.json === true) {
    json({ stored: access.secretArn, keysSeen: keys.length }, io);
    return;
  }
  line(`The admin key works (it sees ${keys.length} API keys) and is stored in ${access.secretArn}`, io);
}
