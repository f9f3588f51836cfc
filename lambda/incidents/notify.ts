import type { Alert } from '../../contract/alert.ts';
import { channels, type PostedChannel } from '../../contract/registry.ts';
import { KeyguardError, Unavailable } from '../foundation/errors.ts';
import type { Log } from '../foundation/log.ts';
import type { Deliveries, DeliveryFailure } from './ports.ts';
import { readAlert } from './read-alert.ts';
import { notificationOf } from './states.ts';

export interface NotifyPorts {
  readonly deliveries: Deliveries;
  /** Those that keyguard.json turns on. */
  readonly channels: readonly PostedChannel[];
  /** Throws KeyguardError. */
  readonly post: (channel: PostedChannel, alert: Alert) => Promise<void>;
  /** Of this installation: links to other hosts are not posted. */
  readonly dashboardUrl: string;
  readonly log: Log;
}

/**
 * Delivers alerts from the topic to the channels that SNS does not know itself. A repeated message is delivered once; a
 * failed one is thrown, so that Lambda tries again; what has failed
 * for good lies in the dead-letter queue, and an incident tells people on the other channels (watch-deliveries.ts).
 * One channel's failure does not hold up the others.
 */
export async function notify(event: unknown, ports: NotifyPorts): Promise<void> {
  const failures: unknown[] = [];
  for (const alert of readAlerts(event)) {
    for (const channel of ports.channels) await deliver(alert, channel, ports).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

async function deliver(alert: Alert, channel: PostedChannel, ports: NotifyPorts): Promise<void> {
  const { incidentId } = alert;
  const delivery = { incidentId, telling: notificationOf(alert), channel };
  const said = { incidentId, state: delivery.telling };
  const claim = await ports.deliveries.claim(delivery);
  if (claim === 'delivered') {
    ports.log.info('notifier.repeat-dropped', said);
    return;
  }
  if (claim === 'busy') throw new KeyguardError('delivery-busy', `another run is delivering ${incidentId}`, 'nothing: it is tried again');
  if (claim === 'too early') {
    throw new KeyguardError(
      'delivery-too-early',
      `${channels[channel].name} asked for patience with ${incidentId}`,
      'wait, then: npx --no-install keyguard deliveries --redrive',
    );
  }
  try {
    await ports.post(channel, withOwnLinks(alert, ports));
  } catch (error) {
    await ports.deliveries.fail(delivery, failureOf(error, alert));
    throw error;
  }
  await ports.deliveries.markDelivered(delivery);
  ports.log.info('notifier.delivered', { ...said, channel });
}

function failureOf(error: unknown, { kind, subject }: Alert): DeliveryFailure {
  const isPassing = error instanceof Unavailable;
  const reason = error instanceof KeyguardError ? error.message : 'an unknown error, see the log of the notifier';
  return { kind, subject, reason, isRefused: !isPassing, patienceMs: isPassing ? error.patienceMs : 0 };
}

function readAlerts(event: unknown): readonly Alert[] {
  const records: unknown = event instanceof Object ? Reflect.get(event, 'Records') : undefined;
  if (!Array.isArray(records) || records.length === 0) {
    throw new KeyguardError('not-an-sns-event', 'the event holds no SNS records', 'only the alert topic calls this function');
  }
  return records.map((record: unknown) => {
    const sns: unknown = record instanceof Object ? Reflect.get(record, 'Sns') : undefined;
    return readAlert(sns instanceof Object ? Reflect.get(sns, 'Message') : undefined);
  });
}

/** A link leads where this installation's own dashboard is, or it is left out: whoever may publish could send people anywhere. */
function withOwnLinks(alert: Alert, { dashboardUrl, log }: NotifyPorts): Alert {
  const host = hostOf(dashboardUrl);
  const links = alert.links.filter(({ url }) => host !== undefined && hostOf(url) === host);
  if (links.length < alert.links.length) log.warn('notifier.link-left-out', { incidentId: alert.incidentId });
  return { ...alert, links };
}

/** Of an address without a user's name, which would look like another host. */
function hostOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, username, password, host } = new URL(url);
  return username === '' && password === '' ? `${protocol}//${host}` : undefined;
}
