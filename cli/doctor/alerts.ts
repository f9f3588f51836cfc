import type { InstallationDefinition } from '../../contract/installation.ts';
import { channels, storeCommand, type PostedChannel } from '../../contract/registry.ts';
import { lambda, secretsManager, sns } from '../../lambda/adapters/aws/clients.ts';
import { roleOf } from '../../lambda/adapters/aws/function-settings.ts';
import { secretVersions } from '../../lambda/adapters/aws/secret-versions.ts';
import { subscriptionsOf, type TopicSubscription } from '../../lambda/adapters/aws/subscriptions.ts';
import { versionWith } from '../../lambda/rotation/staging-labels.ts';
import type { OpenInstallation } from '../installation.ts';
import { counted } from '../output.ts';
import { broken, checked, good, type Answer, type Check } from './check.ts';

/**
 * Whether alerts and alarms reach people: every address has confirmed, what opens each other channel is stored, and so is what posts there.
 * No value is read.
 */
export async function alertChecks(about: string, { definition, configuration }: OpenInstallation): Promise<readonly Check[]> {
  const { alertTopicArn, alarmTopicArn, channelSecrets } = definition;
  const { emails } = configuration.alerts;
  const subscriptions = subscriptionsOf(sns(), alertTopicArn);
  const alerts = checked(about, 'alerts', async () => heard(await subscriptions, { what: 'alerts', topicArn: alertTopicArn, emails }));
  // CloudWatch speaks here without our functions, so no other channel hears it.
  const alarms = checked(about, 'alarms', async () =>
    heard(await subscriptionsOf(sns(), alarmTopicArn), { what: 'alarms', topicArn: alarmTopicArn, emails }),
  );
  const posted = [...channelSecrets].flatMap(([kind, secretName]) => [
    checked(about, channels[kind].name, () => credentialAnswer(kind, secretName)),
    checked(about, channels[kind].name, async () => notifierAnswer(kind, await subscriptions, definition)),
  ]);
  return (await Promise.all([alerts, alarms, ...posted])).flat();
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

async function credentialAnswer(kind: PostedChannel, secretName: string): Promise<Answer> {
  const { name, credential } = channels[kind];
  const { stages } = await secretVersions(secretsManager()).describe(secretName);
  if (versionWith(stages, 'AWSCURRENT') !== undefined) return good(`its ${credential.noun} is stored`);
  return broken(`its ${credential.noun} is not stored, and ${name} hears nothing`, storeCommand(kind));
}

/** Whether what is published as an alert reaches the function that posts it. */
async function notifierAnswer(
  kind: PostedChannel,
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
    `its notifier is not subscribed to alerts, and ${channels[kind].name} hears nothing of them`,
    `aws sns subscribe --topic-arn ${alertTopicArn} --protocol lambda --notification-endpoint ${functionArn}`,
  );
}
