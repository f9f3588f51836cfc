import { alertSchemaName, type Alert } from '../../contract/alert.ts';
import { KeyguardError } from '../foundation/errors.ts';
import { parsedJson } from '../foundation/json.ts';
import type { Log } from '../foundation/log.ts';
import type { Deliveries } from './ports.ts';
import { tellingOf } from './states.ts';

export interface NotifyPorts {
  readonly deliveries: Deliveries;
  /** Posts the card; undefined where Slack is not configured. Throws KeyguardError. */
  readonly slack: ((alert: Alert) => Promise<void>) | undefined;
  readonly log: Log;
}

/**
 * Delivers alerts from the topic to the channels that SNS does not know itself. A repeated message is delivered once; a
 * failed one is thrown, so that SNS and Lambda try again and at last the dead-letter queue's alarm tells people.
 */
export async function notify(event: unknown, ports: NotifyPorts): Promise<void> {
  for (const alert of readAlerts(event)) {
    if (ports.slack === undefined) continue;
    const { incidentId } = alert;
    const telling = tellingOf(alert);
    const claim = await ports.deliveries.claim(incidentId, telling, 'slack-webhook');
    if (claim === 'delivered') {
      ports.log.info('notifier.repeat-dropped', { incidentId, state: telling });
      continue;
    }
    if (claim === 'busy') throw new KeyguardError('delivery-busy', `another run is delivering ${incidentId}`, 'nothing: it is tried again');
    try {
      await ports.slack(alert);
    } catch (error) {
      await ports.deliveries.release(incidentId, telling, 'slack-webhook');
      throw error;
    }
    await ports.deliveries.settle(incidentId, telling, 'slack-webhook');
    ports.log.info('notifier.delivered', { incidentId, state: telling, channel: 'slack-webhook' });
  }
}

function readAlerts(event: unknown): readonly Alert[] {
  const records: unknown = event instanceof Object ? Reflect.get(event, 'Records') : undefined;
  if (!Array.isArray(records) || records.length === 0) {
    throw new KeyguardError('not-an-sns-event', 'the event holds no SNS records', 'only the alert topic calls this function');
  }
  return records.map((record: unknown) => {
    const sns: unknown = record instanceof Object ? Reflect.get(record, 'Sns') : undefined;
    const message: unknown = sns instanceof Object ? Reflect.get(sns, 'Message') : undefined;
    const alert: unknown = typeof message === 'string' ? parsedJson(message) : undefined;
    if (isAlert(alert)) return alert;
    throw new KeyguardError(
      'not-an-alert',
      `an SNS message is no ${alertSchemaName} document`,
      'publish only what this installation publishes',
    );
  });
}

/** The topic's policy lets only this installation publish, so the schema's name and the fields that are used suffice. */
function isAlert(value: unknown): value is Alert {
  if (!(value instanceof Object) || Reflect.get(value, 'schema') !== alertSchemaName) return false;
  const strings = ['installation', 'incidentId', 'kind', 'state', 'severity', 'subject', 'title', 'summary', 'openedAt', 'at'];
  const lists = ['actions', 'facts', 'links'];
  const turn: unknown = Reflect.get(value, 'turn');
  return (
    (turn === undefined || Number.isInteger(turn)) &&
    strings.every((name) => typeof Reflect.get(value, name) === 'string') &&
    lists.every((name) => Array.isArray(Reflect.get(value, name)))
  );
}
