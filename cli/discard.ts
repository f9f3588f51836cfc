import { deliveries } from '../lambda/adapters/aws/deliveries.ts';
import { notificationOf } from '../lambda/incidents/states.ts';
import type { CliIo } from './command.ts';
import { letterOf, letterQueues, type HeldLetter } from './dead-letters.ts';
import type { OpenInstallation } from './installation.ts';
import { counted, instant, isoOrNull, json, line, progress } from './output.ts';
import { agreed } from './prompt.ts';

interface DiscardOrder {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Shows one event of a dead-letter queue, asks, and drops it: nobody gets it any more, and no channel is said to lack it. */
export async function discardDelivery(id: string, order: DiscardOrder, installation: OpenInstallation, io: CliIo): Promise<void> {
  const letter = await letterOf(id, await letterQueues(installation));
  if (letter === undefined)
    return io.fail(
      `no event ${id} can be taken from a dead-letter queue`,
      'npx --no-install keyguard deliveries lists them; if it does, wait two minutes',
      1,
    );
  const drops = order.dryRun !== true;
  let dropped = false;
  try {
    for (const sentence of textOf(letter)) progress(sentence, io);
    if (drops && order.yes !== true) await agreed('Drop it for good?', io);
    if (drops) await drop(letter, installation);
    dropped = drops;
  } finally {
    if (!dropped) await letter.putBack();
  }
  const { functionName, what, sentAt } = letter;
  if (order.json === true) json({ id, functionName, what, sentAt: isoOrNull(sentAt), alert: letter.alert, dropped }, io);
  else line(dropped ? `Dropped: ${what}.` : `It stays where it is: ${what}.`, io);
}

/** The records first: killed in between, the event is still there, and the command can be given again. */
async function drop(letter: HeldLetter, { table, clock }: OpenInstallation): Promise<void> {
  const { alert } = letter;
  if (alert !== null) {
    const known = deliveries(table, clock);
    const notification = notificationOf(alert);
    const own = (await known.undelivered()).filter((each) => each.incidentId === alert.incidentId && each.telling === notification);
    for (const record of own) await known.discard(record);
  }
  await letter.drop();
}

/** An alert is ours, and shown whole; of anything else nobody knows what stands in it, so that it is not shown. */
function textOf({ functionName, sentAt, what, alert, length }: HeldLetter): readonly string[] {
  const head = `${what}, in the dead-letter queue of ${functionName} since ${instant(sentAt)}`;
  if (alert === null) return [`${head}: ${counted(length, 'character')}, which are not shown.`];
  return [
    `${head}:`,
    `  ${alert.title}`,
    `  ${alert.summary}`,
    ...alert.actions.map((action) => `  - ${action}`),
    ...alert.facts.map(({ label, value }) => `  ${label}: ${value}`),
  ];
}
