import { secretsManager, sns } from '../../lambda/adapters/aws/clients.ts';
import { secretVersions } from '../../lambda/adapters/aws/secret-versions.ts';
import { subscriptionsOf } from '../../lambda/adapters/aws/subscriptions.ts';
import { versionWith } from '../../lambda/rotation/switch.ts';
import type { OpenInstallation } from '../installation.ts';
import { counted } from '../output.ts';
import { broken, checked, good, type Check } from './check.ts';

/** Whether alerts reach people: every address has confirmed, and Slack's webhook is there. Its value is never read. */
export async function alertChecks(about: string, { definition }: OpenInstallation): Promise<readonly Check[]> {
  const { alertTopicArn, slackWebhookSecretArn } = definition;
  const subscriptions = checked(about, 'alerts', async () => {
    const all = await subscriptionsOf(sns(), alertTopicArn);
    const waiting = all.filter(({ confirmed }) => !confirmed);
    if (waiting.length > 0) {
      return waiting.map(({ endpoint }) =>
        broken(
          `${endpoint} has not confirmed its subscription, and hears nothing`,
          'confirm it from the email of AWS; if that is too old, take the address out of keyguard.json, deploy, put it back, deploy',
        ),
      );
    }
    const people = all.filter(({ protocol }) => protocol.startsWith('email'));
    if (people.length > 0 || slackWebhookSecretArn !== '') return good(`${counted(people.length, 'subscription')} by email, confirmed`);
    return broken('nobody hears of alerts', 'name an address in keyguard.json (alerts.emails), deploy, and confirm the email of AWS');
  });
  if (slackWebhookSecretArn === '') return subscriptions;
  const slack = checked(about, 'Slack', async () => {
    const { stages } = await secretVersions(secretsManager()).describe(slackWebhookSecretArn);
    if (versionWith(stages, 'AWSCURRENT') !== undefined) return good('its webhook is stored');
    return broken('its webhook is not stored, and Slack hears nothing', 'npx keyguard slack-webhook set');
  });
  return (await Promise.all([subscriptions, slack])).flat();
}
