import { channelKinds, channels, isPosted, storeCommand } from '../../contract/registry.ts';
import { deliveries } from '../../lambda/adapters/aws/deliveries.ts';
import { isFinal } from '../../lambda/incidents/watch-deliveries.ts';
import { letterQueues, lettersIn, type Letter } from '../dead-letters.ts';
import type { OpenInstallation } from '../installation.ts';
import { counted, instant } from '../output.ts';
import { broken, checked, good, warning, type Answer, type Check } from './check.ts';

const again = 'npx --no-install keyguard deliveries --redrive';

/** Whether every alert has arrived, and whether events lie in a dead-letter queue. */
export async function deadLetterChecks(about: string, installation: OpenInstallation): Promise<readonly Check[]> {
  const alerts = checked(about, 'deliveries', () => undeliveredAnswers(installation));
  const letters = checked(about, 'dead letters', async () => {
    const answers: Answer[] = [];
    for (const queue of await letterQueues(installation)) {
      const { count, letters } = await lettersIn(queue);
      if (count > 0) answers.push(queueAnswer(queue.functionName, count, letters));
    }
    return answers.length === 0 ? good('no event lies in a dead-letter queue') : answers;
  });
  return (await Promise.all([alerts, letters])).flat();
}

async function undeliveredAnswers({ table, clock }: OpenInstallation): Promise<readonly Answer[]> {
  const now = clock.now();
  const failed = (await deliveries(table, clock).undelivered()).filter((record) => isFinal(record, now));
  const answers = channelKinds.flatMap((channel) => {
    const own = failed.filter((record) => record.channel === channel);
    const [first] = own;
    if (first === undefined) return [];
    const named = own.map(({ kind, subject, firstFailedAt }) => `${kind} of ${subject} (${instant(firstFailedAt)})`).join(', ');
    const fix = first.isRefused && isPosted(channel) ? `${storeCommand(channel)}; then ${again}` : again;
    return broken(`${channels[channel].name} has not taken ${counted(own.length, 'alert')}: ${named}. ${first.reason}`, fix);
  });
  return answers.length === 0 ? [good('no alert is missing on any channel')] : answers;
}

function queueAnswer(functionName: string, count: number, letters: readonly Letter[]): Answer {
  const ticks = letters.filter(({ kind }) => kind === 'tick');
  const others = letters.filter(({ kind }) => kind !== 'tick');
  const named = [
    ...(ticks.length === 0 ? [] : [ticksText(ticks)]),
    ...others.map(({ what, sentAt }) => `${what} (${instant(sentAt)})`),
  ].join(', ');
  const more = count > letters.length ? ` and ${count - letters.length} more` : '';
  const holds = `the dead-letter queue of ${functionName} holds ${counted(count, 'event')}: ${named}${more}`;
  // Why the function failed is said by the check of what it does.
  return others.length === 0 ? warning(`${holds}. Later ticks do the same work`, again) : broken(holds, again);
}

function ticksText(ticks: readonly Letter[]): string {
  const [first, ...others] = ticks.map(({ sentAt }) => sentAt ?? 0).sort((a, b) => a - b);
  const last = others.at(-1);
  return last === undefined
    ? `a tick of its schedule (${instant(first ?? null)})`
    : `${counted(ticks.length, 'tick')} of its schedule (${instant(first ?? null)} to ${instant(last)})`;
}
