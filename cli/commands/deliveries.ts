import type { UndeliveredRecord } from '../../contract/records.ts';
import { deliveries as deliveriesIn } from '../../lambda/adapters/aws/deliveries.ts';
import { isFinal } from '../../lambda/incidents/watch-deliveries.ts';
import type { CliIo, Command } from '../command.ts';
import { discardDelivery } from '../discard.ts';
import { letterQueues, lettersIn, redrive, type Letter, type Redriven } from '../dead-letters.ts';
import { openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { counted, instant, isoOrNull, json, line, table } from '../output.ts';

interface Flags extends InstallationFlags {
  readonly redrive?: boolean;
  readonly discard?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `keyguard deliveries [--redrive | --discard ID]`. */
export const deliveries: Command = {
  name: 'deliveries',
  summary: 'Show alerts that were not delivered, and send them again',
  register: (program, io) => {
    withInstallation(program.command(deliveries.name))
      .summary(deliveries.summary)
      .description(
        'Shows which alerts a channel has not taken, and the events in the dead-letter queues of the functions: which kind, of which managed ' +
          'key, since when; never an event as it is. --redrive sends alerts again, each of them once, and takes out ticks of the schedules, ' +
          'whose work later ones have done. --discard shows one event, an alert whole, and drops it for good. Exit code 1 where something could not be delivered.',
      )
      .option('--redrive', 'send again what can be sent')
      .option('--discard <id>', 'show this event, and drop it for good: nobody gets it any more')
      .option('--dry-run', 'of --discard: only show it')
      .option('--yes', 'of --discard: do not ask')
      .action((flags: Flags) => run(flags, io));
  },
};

async function run(flags: Flags, io: CliIo): Promise<void> {
  if (flags.discard !== undefined && flags.redrive === true) io.fail('--discard and --redrive exclude each other', 'give one of them', 2);
  if (flags.discard === undefined && (flags.dryRun === true || flags.yes === true))
    io.fail('--dry-run and --yes belong to --discard', 'leave them out', 2);
  const installation = await openInstallation(flags, io);
  if (flags.discard !== undefined) await discardDelivery(flags.discard, flags, installation, io);
  else if (flags.redrive === true) await again(installation, flags.json === true, io);
  else await show(installation, flags.json === true, io);
}

async function show(installation: OpenInstallation, asJson: boolean, io: CliIo): Promise<void> {
  const { table: state, clock } = installation;
  const undelivered = await deliveriesIn(state, clock).undelivered();
  const letters: Letter[] = [];
  let count = 0;
  for (const queue of await letterQueues(installation)) {
    const found = await lettersIn(queue);
    letters.push(...found.letters);
    count += found.count;
  }
  if (asJson) {
    json({ undelivered: undelivered.map(undeliveredJson), deadLetters: letters.map(letterJson), deadLetterCount: count }, io);
    return;
  }
  if (undelivered.length === 0 && count === 0) {
    line('Every alert was delivered, and no event lies in a dead-letter queue.', io);
    return;
  }
  if (undelivered.length > 0) {
    const now = clock.now();
    line(`${counted(undelivered.length, 'alert')} not delivered:`, io);
    await table(
      ['KIND', 'OF', 'CHANNEL', 'SINCE', 'WHY'],
      undelivered.map((each) => [
        each.kind,
        each.subject,
        each.channel,
        instant(each.firstFailedAt),
        `${each.reason}${isFinal(each, now) ? '' : ' (it is being tried again)'}`,
      ]),
      io,
    );
  }
  if (count > 0) {
    line(`${counted(count, 'event')} in dead-letter queues${letters.length < count ? ', of which these can be seen now' : ''}:`, io);
    await table(
      ['ID', 'FUNCTION', 'SINCE', 'WHAT'],
      letters.map(({ id, functionName, sentAt, what }) => [id, functionName, instant(sentAt), what]),
      io,
    );
    line(
      'Send them again: npx --no-install keyguard deliveries --redrive; drop one: npx --no-install keyguard deliveries --discard ID',
      io,
    );
  }
}

async function again(installation: OpenInstallation, asJson: boolean, io: CliIo): Promise<void> {
  const redriven: Redriven[] = [];
  let held = 0;
  for (const queue of await letterQueues(installation)) {
    const found = await redrive(queue);
    redriven.push(...found.redriven);
    held += found.held;
  }
  const failed = redriven.filter(({ outcome }) => outcome === 'failed');
  if (asJson)
    json(
      redriven.map((each) => ({ ...letterJson(each), outcome: each.outcome, because: each.because ?? null })),
      io,
    );
  else {
    for (const { what, functionName, outcome, because } of redriven) {
      line(`${outcome.padEnd(9)} ${functionName}: ${what}${because === undefined ? '' : `: ${because}`}`, io);
    }
    if (redriven.length === 0 && held === 0) line('No event lies in a dead-letter queue.', io);
  }
  if (held > 0) {
    io.fail(
      `${counted(held, 'event')} could not be taken from the queue: somebody else is at it, or there are many`,
      'give the command again in two minutes',
      1,
    );
  }
  if (failed.length > 0) {
    io.fail(
      `${counted(failed.length, 'event')} could not be delivered, and stay where they are`,
      'mend what the lines above say, and give the command again',
      1,
    );
  }
}

function undeliveredJson({
  kind,
  subject,
  channel,
  telling,
  incidentId,
  firstFailedAt,
  lastFailedAt,
  attempts,
  reason,
  isRefused,
}: UndeliveredRecord): object {
  return {
    kind,
    subject,
    channel,
    telling,
    incidentId,
    firstFailedAt: isoOrNull(firstFailedAt),
    lastFailedAt: isoOrNull(lastFailedAt),
    attempts,
    reason,
    isRefused,
  };
}

function letterJson({ id, functionName, sentAt, kind, what }: Letter): object {
  return { id, functionName, sentAt: isoOrNull(sentAt), kind, what };
}
