import { APIKeys } from '@anthropic-ai/sdk/resources/organization/api-keys';
import { anthropicCall } from '../../lambda/adapters/anthropic/calls.ts';
import { clientOf } from '../../lambda/adapters/anthropic/client.ts';
import { storeCurrent } from '../../lambda/adapters/aws/secret-versions.ts';
import type { CliIo, Command } from '../command.ts';
import { openInstallation, withInstallation, type InstallationFlags } from '../installation.ts';
import { counted, json, line, progress } from '../output.ts';
import { secretFrom } from '../prompt.ts';

/** `keyguard admin-key set`: proven with one call, then stored. */
export const adminKey: Command = {
  name: 'admin-key',
  summary: 'Store the Anthropic admin key',
  register: (program, io) => {
    const group = program.command(adminKey.name).summary(adminKey.summary).description(`${adminKey.summary}.`);
    withInstallation(group.command('set'))
      .summary('Prove an Admin API key and store it in its secret')
      .description(
        'Reads the key from standard input or a hidden prompt; never from an argument. It is stored only if Anthropic accepts it for ' +
          'the organization of this installation.',
      )
      .action((flags: InstallationFlags) => set(flags, io));
  },
};

async function set(flags: InstallationFlags, io: CliIo): Promise<void> {
  const { definition, secrets } = await openInstallation(flags, io);
  const access = definition.adminAccess;
  if (access.kind !== 'key') {
    return io.fail(
      'this installation reaches Anthropic by federation: there is no admin key to store',
      'nothing to do; or set anthropic.adminAccess.kind to "key" in keyguard.json and deploy, to use one',
      1,
    );
  }
  const value = await secretFrom('Admin API key (sk-ant-admin01-…)', io);
  if (!value.matches(/^sk-ant-admin\d*-[A-Za-z0-9_-]{20,}$/)) {
    return io.fail(
      'this does not look like an Admin API key',
      'make one in the Claude Console > Settings > Admin keys, and paste it whole: it begins with sk-ant-admin. Nothing was stored',
      1,
    );
  }
  progress('Asking Anthropic with it …', io);
  const { data: page, response } = await anthropicCall(
    'api_keys.list',
    () => new APIKeys(clientOf(value, definition.anthropicBaseUrl)).list({ limit: 1000 }).withResponse(),
    (error) => (error.status === 401 || error.status === 403 ? refused(`Anthropic refuses this key (${error.status})`, io) : undefined),
  );
  const organizationId = response.headers.get('anthropic-organization-id');
  if (organizationId !== null && organizationId !== definition.organizationId) {
    refused(`this key belongs to organization ${organizationId}, this installation to ${definition.organizationId}`, io);
  }
  await storeCurrent(secrets, access.secretArn, value);
  const keysSeen = page.data.length;
  if (flags.json === true) {
    json({ secretArn: access.secretArn, organizationId: definition.organizationId, keysSeen }, io);
    return;
  }
  line(`The admin key works (it sees ${counted(keysSeen, 'API key')}) and is stored in ${access.secretArn}`, io);
  line('The functions use it within five minutes.', io);
}

function refused(message: string, io: CliIo): never {
  return io.fail(
    message,
    'nothing was stored; make an Admin key of the right organization in the Claude Console > Settings > Admin keys',
    1,
  );
}
