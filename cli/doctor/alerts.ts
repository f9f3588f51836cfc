import { secretsManager, sns } from '../../lambda/adapters/aws/clients.ts';
import { secretVersions } from '../../lambda/adapters/aws/secret-versions.ts';
import { subscriptionsOf, type TopicSubscription } from '../../lambda/adapters/aws/subscriptions.ts';
import { versionWith } from '../../lambda/rotation/switch.ts';
import type { OpenInstallation } from '../installation.ts';
import { counted } from '../output.ts';
import { broken, checked, good, warning, type Answer, type Check } from './check.ts';

const address = 'name an address in keyguard.json (alerts.emails), deploy, and confirm the email of AWS';

/** Whether alerts and alarms reach people: every address has confirmed, and Slack's webhook is there. Its value is never read. */
export async function alertChecks(about: string, { definition }: OpenInstallation): Promise<readonly Check[]> {
  const { alertTopicArn, alarmTopicArn, slackWebhookSecretArn } = definition;
  const hasSlack = slackWebhookSecretArn !== '';
  const alerts = checked(about, 'alerts', async () => heard(await subscriptionsOf(sns(), alertTopicArn), 'alerts', hasSlack));
  // CloudWatch speaks here without our functions, so Slack does not hear it.
  const alarms = checked(about, 'alarms', async () => {
    if (alarmTopicArn !== undefined) return heard(await subscriptionsOf(sns(), alarmTopicArn), 'alarms', false);
    return warning(
      'not looked at: the deployment does not name its topic of alarms yet',
      'deploy again to have it checked: npx cdk deploy',
    );
  });
  const slack = hasSlack ? [checked(about, 'Slack', () => webhookAnswer(slackWebhookSecretArn))] : [];
  return (await Promise.all([alerts, alarms, ...slack])).flat();
}

/** Whether somebody hears what is published on a topic; `otherwise`: by other ways than email. */
function heard(all: readonly TopicSubscription[], what: 'alerts' | 'alarms', otherwise: boolean): Answer | readonly Answer[] {
  const waiting = all.filter(({ confirmed }) => !confirmed);
  if (waiting.length > 0) {
    return waiting.map(({ endpoint }) =>
      broken(
        `${endpoint} has not confirmed its subscription to ${what}, and hears nothing of them`,
        'confirm it from the email of AWS; if that is too old, take the address out of keyguard.json, deploy, put it back, deploy',
      ),
    );
  }
  const people = all.filter(({ protocol }) => protocol.startsWith('email'));
  if (people.length > 0 || otherwise) return good(`${counted(people.length, 'subscription')} by email, confirmed`);
  return broken(`nobody hears of ${what}`, address);
}

async function webhookAnswer(secretArn: string): Promise<Answer> {
  const { stages } = await secretVersions(secretsManager()).describe(secretArn);
  if (versionWith(stages, 'AWSCURRENT') !== undefined) return good('its webhook is stored');
  return broken('its webhook is not stored, and Slack hears nothing', 'npx keyguard slack-webhook set');
}
