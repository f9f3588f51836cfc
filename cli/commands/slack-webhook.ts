import { storeCurrent } from '../../lambda/adapters/aws/secret-versions.ts';
import type { CliIo, Command } from '../command.ts';
import { openInstallation, withInstallation, type InstallationFlags } from '../installation.ts';
import { json, line } from '../output.ts';
import { secretFrom } from '../prompt.ts';

const slackUrl = /^(https:\/\/hooks\.slack(-gov)?\.com\/\S+|http:\/\/(127\.0\.0\.1|localhost)(:\d+)?\/\S*)$/;

/** `keyguard slack-webhook set`. */
export const slackWebhook: Command = {
  name: 'slack-webhook',
  summary: "Store Slack's incoming webhook",
  register: (program, io) => {
    const group = program.command(slackWebhook.name).summary(slackWebhook.summary);
    withInstallation(group.command('set'))
      .summary('Store the URL of an incoming webhook in its secret')
      .description('Reads the URL from stdin or a hidden prompt: whoever has it can post to your channel.')
      .action((flags: InstallationFlags) => set(flags, io));
  },
};

async function set(flags: InstallationFlags, io: CliIo): Promise<void> {
  const { definition, secrets } = await openInstallation(flags, io);
  if (definition.slackWebhookSecretArn === '') {
    return io.fail('this installation has no Slack', 'set alerts.slack in keyguard.json and deploy', 1);
  }
  const value = await secretFrom('Incoming webhook URL', io);
  if (!value.matches(slackUrl)) {
    return io.fail(
      'this does not look like a Slack webhook',
      'copy it from your Slack app: it begins with https://hooks.slack.com/services/',
      1,
    );
  }
  await storeCurrent(secrets, definition.slackWebhookSecretArn, value);
  if (flags.json === true) {
    json({ stored: definition.slackWebhookSecretArn }, io);
    return;
  }
  line(`The webhook is stored in ${definition.slackWebhookSecretArn}`, io);
}
