import type { Alert } from '../contract/alert.ts';
import { secretsManager } from './adapters/aws/clients.ts';
import { deliveries } from './adapters/aws/deliveries.ts';
import { readCurrent } from './adapters/aws/secret-versions.ts';
import { openTable } from './adapters/aws/table.ts';
import { readEnvironment } from './adapters/environment.ts';
import { proxiedFetch } from './adapters/tunnel.ts';
import { KeyguardError } from './foundation/errors.ts';
import { onFirstCall } from './foundation/once.ts';
import { lambdaRuntime, type Runtime } from './foundation/runtime.ts';
import { channels } from './incidents/channels.ts';
import { notify } from './incidents/notify.ts';

/** On each message of the alert topic: the channels that SNS does not know itself. */
export function notifierHandler(
  variables: Readonly<Record<string, string | undefined>>,
  runtime: Runtime,
): (event: unknown) => Promise<void> {
  const env = readEnvironment('notifier', variables);
  const table = openTable(env.stateTable);
  const secrets = secretsManager();
  const ports = {
    deliveries: deliveries(table, runtime.clock),
    slack:
      env.slackWebhookSecret === ''
        ? undefined
        : async (alert: Alert) => {
            const webhook = await readCurrent(secrets, env.slackWebhookSecret);
            if (webhook === 'absent') {
              throw new KeyguardError('slack-webhook-missing', 'the Slack webhook secret is empty', 'store the URL (README, step 4)');
            }
            const { render, deliver } = await channels['slack-webhook']();
            await deliver(webhook, render(alert), proxiedFetch);
          },
    dashboardUrl: env.dashboardUrl,
    log: runtime.log,
  };
  return (event) => notify(event, ports);
}

export const handler = onFirstCall(() => notifierHandler(process.env, lambdaRuntime));
