import { storeCurrent } from '../../lambda/adapters/aws/secret-versions.ts';
import type { CliIo, Command } from '../command.ts';
import { openInstallation, withInstallation, type InstallationFlags } from '../installation.ts';
import { json, line } from '../output.ts';
import { secretFrom } from '../prompt.ts';

const slackUrl = /^(https:\/\/hooks\.slack(-gov)?\.com\/[A-Za-z]+\/\S+|http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?\/\S*)$/;

/** `keyguard slack-webhook set`. */
export const slackWebhook: Command = {
  name: 'slack-webhook',
  summary: "Store Slack's incoming webhook",
  register: (program, io) => {
    const group = program.command(slackWebhook.name).summary(slackWebhook.summary).description(`${slackWebhook.summary}.`);
    withInstallation(group.command('set'))
      .summary('Store the URL of an incoming webhook in its secret')
      .description(
        'Reads the URL from standard input or a hidden prompt, never from an argument: whoever has it can post to your channel. ' +
          'Nothing is posted.',
      )
      .action((flags: InstallationFlags) => set(flags, io));
  },
};

async function set(flags: InstallationFlags, io: CliIo): Promise<void> {
  const { definition, secrets } = await openInstallation(flags, io);
  const secretName = definition.slackWebhookSecret;
  if (secretName === '') {
    return io.fail('this installation has no Slack channel', 'set alerts.slack.webhook to true in keyguard.json, and deploy', 1);
  }
  const value = await secretFrom('URL of the incoming webhook (https://hooks.slack.com/services/…)', io);
  if (!value.matches(slackUrl)) {
    return io.fail(
      'this does not look like a Slack webhook',
      'copy it whole from your Slack app: it begins with https://hooks.slack.com/services/. Nothing was stored',
      1,
    );
  }
  await storeCurrent(secrets, secretName, value);
  if (flags.json === true) {
    json({ secretName }, io);
    return;
  }
  line(`The webhook is stored in ${secretName}; the next alert goes there.`, io);
}
