import type { InstallationDefinition } from '../../contract/installation.ts';
import { lambda, secretsManager, sns } from '../../lambda/adapters/aws/clients.ts';
import { roleOf } from '../../lambda/adapters/aws/function-settings.ts';
import { secretVersions } from '../../lambda/adapters/aws/secret-versions.ts';
import { subscriptionsOf, type TopicSubscription } from '../../lambda/adapters/aws/subscriptions.ts';
import { versionWith } from '../../lambda/rotation/switch.ts';
import type { OpenInstallation } from '../installation.ts';
import { counted } from '../output.ts';
import { broken, checked, good, type Answer, type Check } from './check.ts';

/**
 * Whether alerts and alarms reach people: every address has confirmed, Slack's webhook is there, and so is what posts to it. Its value
 * is never read.
 */
export async function alertChecks(about: string, { definition, configuration }: OpenInstallation): Promise<readonly Check[]> {
  const { alertTopicArn, alarmTopicArn, slackWebhookSecret } = definition;
  const hasSlack = slackWebhookSecret !== '';
  const { emails } = configuration.alerts;
  const subscriptions = subscriptionsOf(sns(), alertTopicArn);
  const alerts = checked(about, 'alerts', async () => heard(await subscriptions, { what: 'alerts', topicArn: alertTopicArn, emails }));
  // CloudWatch speaks here without our functions, so Slack does not hear it.
  const alarms = checked(about, 'alarms', async () =>
    heard(await subscriptionsOf(sns(), alarmTopicArn), { what: 'alarms', topicArn: alarmTopicArn, emails }),
  );
  const slack = hasSlack
    ? [
        checked(about, 'Slack', () => webhookAnswer(slackWebhookSecret)),
        checked(about, 'Slack', async () => notifierAnswer(await subscriptions, definition)),
      ]
    : [];
  return (await Promise.all([alerts, alarms, ...slack])).flat();
}

interface Audience {
  readonly what: 'alerts' | 'alarms';
  readonly topicArn: string;
  /** Who should hear it, as keyguard.json says. */
  readonly emails: readonly string[];
}

/** Whether everybody who should hear what is published on a topic does; and whoever else began to subscribe. */
function heard(all: readonly TopicSubscription[], { what, topicArn, emails }: Audience): readonly Answer[] {
  const people = all.filter(({ protocol }) => protocol.startsWith('email'));
  const has = (email: string): boolean => people.some(({ endpoint }) => endpoint.toLowerCase() === email.toLowerCase());
  // CloudFormation puts back nothing that was deleted behind its back, by the link in an email for example.
  const missing = emails
    .filter((email) => !has(email))
    .map((email) =>
      broken(
        `${email} is not subscribed to ${what}, though keyguard.json names it, and hears nothing of them`,
        `aws sns subscribe --topic-arn ${topicArn} --protocol email --notification-endpoint ${email}; then confirm it from the email of AWS`,
      ),
    );
  const waiting = all
    .filter(({ confirmed }) => !confirmed)
    .map(({ endpoint }) =>
      broken(
        `${endpoint} has not confirmed its subscription to ${what}, and hears nothing of them`,
        'confirm it from the email of AWS; if that is too old, take the address out of keyguard.json, deploy, put it back, deploy',
      ),
    );
  if (missing.length + waiting.length > 0) return [...missing, ...waiting];
  return [good(`${counted(people.length, 'subscription')} by email, confirmed`)];
}

async function webhookAnswer(secretName: string): Promise<Answer> {
  const { stages } = await secretVersions(secretsManager()).describe(secretName);
  if (versionWith(stages, 'AWSCURRENT') !== undefined) return good('its webhook is stored');
  return broken('its webhook is not stored, and Slack hears nothing', 'npx --no-install keyguard slack-webhook set');
}

/** Whether what is published as an alert reaches the function that posts it. */
async function notifierAnswer(
  all: readonly TopicSubscription[],
  { alertTopicArn, functions: { notifier } }: InstallationDefinition,
): Promise<Answer> {
  // Throws where there is no such function.
  await roleOf(lambda(), notifier);
  const [arn, partition, , region, account] = alertTopicArn.split(':');
  const functionArn = [arn, partition, 'lambda', region, account, 'function', notifier].join(':');
  if (all.some(({ protocol, endpoint, confirmed }) => protocol === 'lambda' && endpoint === functionArn && confirmed)) {
    return good('its notifier is subscribed to alerts');
  }
  // CloudFormation puts back nothing that was deleted behind its back.
  return broken(
    'its notifier is not subscribed to alerts, and Slack hears nothing of them',
    `aws sns subscribe --topic-arn ${alertTopicArn} --protocol lambda --notification-endpoint ${functionArn}`,
  );
}
