import { unattributed } from '../../contract/metrics.ts';
import type { ExpectedUsageRecord } from '../../contract/records.ts';
import { expectedUsage } from '../../lambda/adapters/aws/expected-usage.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { expectNoMore, expectUsage, openOf, planExpectation } from '../../lambda/usage/expect.ts';
import { systemClock } from '../../lambda/foundation/clock.ts';
import type { ExpectedUsageStore, ExpectedUsageWriter } from '../../lambda/usage/expected-usage.ts';
import { withPlanned } from '../../lambda/usage/planned-usage.ts';
import { checkedInstant, checkedReason } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo, Command } from '../command.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { instant, isoOrNull, json, line } from '../output.ts';
import { agreed } from '../prompt.ts';

interface Flags extends InstallationFlags {
  readonly until?: string;
  readonly from?: string;
  readonly because?: string;
  readonly end?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** `keyguard expect NAME`. */
export const expect: Command = {
  name: 'expect',
  summary: 'Say that unusual usage is expected, or not an issue',
  register: (program, io) => {
    withInstallation(program.command(expect.name))
      .summary(expect.summary)
      .usage('[options] --until <time> --because <text> <name>')
      .description(
        'Says that a managed key is used in an unusual way for some time: a load test, a migration, a release. Until then nobody is told of ' +
          'unusual usage of this key, and nothing is cut off because of it; an incident of unusual usage that is open ends. Tokens on an ' +
          'inactive key are told and cut off as always. An hour after it is over, what was used is learnt as usual for this time of day, unless a key was ' +
          'cut off meanwhile. At most seven days. Given again, it changes what is expected; --end ends it.',
      )
      .argument('<name>', `the managed key, as keyguard.json names it, or ${unattributed} for usage of no managed key`)
      .option('--until <time>', 'when it ends: a length from now on such as 8h, or an instant such as 2026-12-24T18:00:00Z')
      .option('--from <time>', 'when it begins, an instant; default: now, or when the unusual usage began that is told of')
      .option('--because <text>', 'why, for whoever looks at it; required to expect something')
      .option('--end', 'end what is expected now, else the next that is to come')
      .option('--dry-run', 'show what would be expected, and change nothing')
      .option('--yes', 'do not ask')
      .action((name: string, flags: Flags) => run(name, flags, io));
  },
};

async function run(name: string, flags: Flags, io: CliIo): Promise<void> {
  const { until, from } = flags;
  if (flags.end === true) {
    if (until !== undefined || from !== undefined) io.fail('--end goes with no other time', 'leave --until and --from out', 2);
    return end(name, checkedReason(flags.because, io), flags, io);
  }
  if (until === undefined) return io.fail('--until is missing', 'say how long, such as --until 8h; or --end', 2);
  if (flags.because === undefined) return io.fail('--because is missing', "say why, such as --because 'a load test'", 2);
  const because = checkedReason(flags.because, io);
  const now = (io.clock ?? systemClock).now();
  const times = {
    until: checkedInstant(until, '--until', now, io),
    from: from === undefined ? undefined : checkedInstant(from, '--from', undefined, io),
  };
  const installation = await openInstallation(flags, io);
  const subject = name === unattributed ? name : managedKey(installation, name).name;
  const expected = expectedIn(installation);
  const incident = await incidentStore(installation.table).find('usage-anomaly', subject);
  const record = planExpectation({ subject, ...times, by: await callerName(), because }, await expected.all(), incident, now);
  const ends = incident?.state === 'open' ? ' The incident that is open ends within minutes.' : '';
  if (flags.dryRun === true) {
    say(record, 'would be expected', ends, false, flags, io);
    return;
  }
  const question = `Expect unusual usage of ${subject} until ${instant(record.until)}? Meanwhile nobody is told of it, and nothing is cut off by it.${ends}`;
  if (flags.yes !== true) await agreed(question, io);
  await expectUsage(record, { expected, audit: installation.ports.audit, clock: installation.clock });
  say(record, 'is expected', ends, true, flags, io);
}

/** What people said, and what keyguard.json plans. */
function expectedIn({ table, managedKeys, configuration, clock }: OpenInstallation): ExpectedUsageStore & ExpectedUsageWriter {
  const said = expectedUsage(table);
  const { timeZone } = configuration.detection;
  return { ...said, ...withPlanned(said, { managedKeys, timeZone }, clock) };
}

function say(record: ExpectedUsageRecord, is: string, ends: string, changed: boolean, flags: Flags, io: CliIo): void {
  const { subject, from, until, by, because } = record;
  if (flags.json === true) {
    json({ managedKey: subject, from: isoOrNull(from), until: isoOrNull(until), by, because, changed }, io);
    return;
  }
  line(`Unusual usage of ${subject} ${is} from ${instant(from)} until ${instant(until)}: ${because}.${ends}`, io);
  line(changed ? `To end it early: npx --no-install keyguard expect ${subject} --end` : 'Nothing was changed.', io);
}

async function end(name: string, because: string, flags: Flags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const subject = name === unattributed ? name : managedKey(installation, name).name;
  const expected = expectedIn(installation);
  const open = openOf(subject, await expected.all(), installation.clock.now());
  const ended =
    flags.dryRun === true
      ? open
      : await expectNoMore(
          subject,
          { by: await callerName(), because },
          { expected, audit: installation.ports.audit, clock: installation.clock },
        );
  const changed = flags.dryRun !== true && ended.length > 0;
  if (flags.json === true) {
    json({ managedKey: subject, ended: ended.map(({ from }) => isoOrNull(from)), changed }, io);
    return;
  }
  if (ended.length === 0) {
    line(`Nothing is expected of ${subject}; nothing was changed.`, io);
    return;
  }
  for (const { from, because: why } of ended)
    line(`What was expected of ${subject} from ${instant(from)} on (${why}) ${changed ? 'has ended' : 'would end'}.`, io);
}
