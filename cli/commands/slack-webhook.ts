import { storeCurrent } from '../../lambda/adapters/aws/secret-versions.ts';
import type { CliIo, Command } from '../command.ts';
import { openInstallation, withInstallation, type InstallationFlags } from '../installation.ts';
import { json, line } from '../output.ts';
import { secretFrom } from '../prompt.ts';

/** An incoming webhook is services/T…/B…/… (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks); or a receiver on this machine. */
const slackUrl =
  /^(https:\/\/hooks\.slack(-gov)?\.com\/services\/T[A-Z0-9]+\/B[A-Z0-9]+\/[A-Za-z0-9]{16,}|http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?\/\S*)$/;
/** What Slack's documentation shows in place of one. */
const placeholder = /\/(T0+\/B0+\/\w+|\w+\/\w+\/X+)$/i;

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
  const copy = 'copy it whole from your Slack app (Incoming Webhooks): https://hooks.slack.com/services/T…/B…/…. Nothing was stored';
  if (!value.matches(slackUrl)) return io.fail('this does not look like a Slack webhook', copy, 1);
  if (value.matches(placeholder)) return io.fail('this is the example of Slack’s documentation, not a webhook', copy, 1);
  await storeCurrent(secrets, secretName, value);
  if (flags.json === true) {
    json({ secretName }, io);
    return;
  }
  line(`The webhook is stored in ${secretName}; the next alert goes there.`, io);
}
