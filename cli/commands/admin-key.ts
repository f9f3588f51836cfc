import { apiKeys } from '../../lambda/adapters/anthropic/api-keys.ts';
import { clientOf } from '../../lambda/adapters/anthropic/client.ts';
import { canonicalId, organizationOf } from '../../lambda/adapters/anthropic/organization.ts';
import { storeCurrent } from '../../lambda/adapters/aws/secret-versions.ts';
import { KeyguardError } from '../../lambda/foundation/errors.ts';
import type { Secret } from '../../lambda/foundation/secret.ts';
import { adminKeyStart, credentialKind } from '../../lambda/rotation/credential-kind.ts';
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
    const kind = credentialKind(value);
    return io.fail(
      kind === undefined || value.matches(adminKeyStart)
        ? 'this does not look like an Admin API key'
        : `this is ${kind}, not an Admin API key`,
      'make one in the Claude Console > Settings > Admin keys, and paste it whole: it begins with sk-ant-admin. Nothing was stored',
      1,
    );
  }
  progress('Asking Anthropic with it …', io);
  const { organizationId, keysSeen } = await proven(value, definition.anthropicBaseUrl, io);
  if (organizationId !== canonicalId(definition.organizationId)) {
    refused(`this key belongs to organization ${organizationId}, this installation to ${definition.organizationId}`, io);
  }
  await storeCurrent(secrets, access.secretName, value);
  if (flags.json === true) {
    json({ secretName: access.secretName, organizationId: definition.organizationId, keysSeen }, io);
    return;
  }
  line(`The admin key works (it sees ${counted(keysSeen, 'API key')}) and is stored in ${access.secretName}`, io);
  line('The functions use it within five minutes.', io);
}

/** To which organization the key leads, and how much it sees. Nothing but the key itself says who asks. */
async function proven(value: Secret, baseUrl: string, io: CliIo): Promise<{ readonly organizationId: string; readonly keysSeen: number }> {
  const client = clientOf(value, baseUrl);
  try {
    const { organizationId } = await organizationOf(client);
    return { organizationId, keysSeen: (await apiKeys(client).list()).length };
  } catch (error) {
    if (!(error instanceof KeyguardError)) throw error;
    if (error.code === 'admin-access-too-narrow') return refused('this key lacks the permission of an Admin key (403)', io);
    if (error.code === 'admin-access-refused') return refused('Anthropic refuses this key (401)', io);
    throw new KeyguardError(error.code, error.message, `nothing was stored; ${error.fix}`);
  }
}

function refused(message: string, io: CliIo): never {
  return io.fail(
    message,
    'nothing was stored; make an Admin key of the right organization in the Claude Console > Settings > Admin keys',
    1,
  );
}
