import type { Alert } from '../contract/alert.ts';
import { credentialVariable } from '../contract/environment.ts';
import { channels, postedChannels, storeCommand, type PostedChannel } from '../contract/registry.ts';
import { secretsManager } from './adapters/aws/clients.ts';
import { deliveries } from './adapters/aws/deliveries.ts';
import { readCurrent } from './adapters/aws/secret-versions.ts';
import { openTable } from './adapters/aws/table.ts';
import { readEnvironment } from './adapters/environment.ts';
import { proxiedFetch } from './adapters/tunnel.ts';
import { KeyguardError } from './foundation/errors.ts';
import { onFirstCall } from './foundation/once.ts';
import { lambdaRuntime, type Runtime } from './foundation/runtime.ts';
import { channelFiles } from './incidents/channels.ts';
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
    channels: postedChannels.filter((kind) => env[credentialVariable(kind)] !== ''),
    async post(kind: PostedChannel, alert: Alert) {
      const value = await readCurrent(secrets, env[credentialVariable(kind)]);
      if (value === 'absent') {
        const { name, credential } = channels[kind];
        throw new KeyguardError(`${kind}-missing`, `the ${name} ${credential.noun} secret is empty`, `store it: ${storeCommand(kind)}`);
      }
      const { post } = await channelFiles[kind]();
      await post(alert, value, proxiedFetch);
    },
    dashboardUrl: env.dashboardUrl,
    log: runtime.log,
  };
  return (event) => notify(event, ports);
}

export const handler = onFirstCall(() => notifierHandler(process.env, lambdaRuntime));
