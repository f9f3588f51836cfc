import { allKeys, unattributed, usageReport } from '../../contract/metrics.ts';
import type { ExpectedUsageRecord, IncidentRecord } from '../../contract/records.ts';
import { endedIncidents } from '../../lambda/adapters/aws/incident-store.ts';
import { dayMs } from '../../lambda/foundation/clock.ts';
import { cutOffText } from '../../lambda/incidents/message/cut-off-text.ts';
import { cutsOf } from '../../lambda/incidents/states.ts';
import type { Restorable } from '../../lambda/rotation/commands/undo.ts';
import { expectedFrom } from '../../lambda/usage/expect.ts';
import type { CliIo, Command } from '../command.ts';
import { eachKey, unreadText, type UnreadKey } from '../each-key.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { incidentText } from '../key-findings.ts';
import { keyStatus, type Health, type KeyStatus } from '../key-status.ts';
import { colours, counted, instant, isoOrNull, json, line, table } from '../output.ts';
import { coverJson, coverText } from '../pool-cover.ts';
import type { PreviousKey } from '../previous-key.ts';
import { readKey, readRecords } from '../read-keys.ts';
import { removedFix, removedFrom, removedText } from '../removed-keys.ts';
import { unpricedText, usageText } from '../usage-text.ts';

/** `keyguard status`: a question, so it is answered with exit code 0 whatever the answer. */
export const status: Command = {
  name: 'status',
  summary: 'Show each managed key and what needs attention',
  register: (program, io) => {
    withInstallation(program.command(status.name))
      .summary(status.summary)
      .description(
        'Shows, for each managed key, the current key, old keys that are still valid and why, those that an undo can bring back and ' +
          'until when, what an operator asked for and is not done, expected usage, the pool, the next rotation, the last success, replicas and open ' +
          'incidents. Health is ok, attention or broken; the exit code is 0 in any case. Anthropic is not asked: that does npx --no-install keyguard ' +
          'doctor.',
      )
      .argument('[name]', 'the managed key, as keyguard.json names it; without it, all')
      .action((name: string | undefined, flags: InstallationFlags) => show(name, flags, io));
  },
};

async function show(name: string | undefined, flags: InstallationFlags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const wanted = name === undefined ? installation.managedKeys : [managedKey(installation, name)];
  const records = await readRecords(installation);
  const { incidents, watermark, now } = records;
  const { read: keys, unread } = await eachKey(wanted, async (definition) =>
    keyStatus(await readKey(definition, records, undefined, installation)),
  );
  const oddItems = installation.table.takeUnreadable();
  const known = new Set(installation.managedKeys.map((key) => key.name));
  const others = name === undefined ? incidents.filter(({ subject, state }) => !known.has(subject) && state !== 'recovered') : [];
  const alarms = name === undefined ? await alarmsOf(installation, incidents) : undefined;
  const unmanaged = name === undefined ? expectedFrom(unattributed, records.expected, now) : [];
  const removed = name === undefined ? removedFrom(records.records, installation.managedKeys) : [];
  if (flags.json === true) {
    json(
      {
        installation: installation.definition.installation,
        usageKnownUntil: isoOrNull(watermark?.knownUntil ?? null),
        tokensVisibleUntil: isoOrNull(watermark?.tokensUntil === 0 ? null : (watermark?.tokensUntil ?? null)),
        managedKeys: [...keys.map(keyJson), ...unread.map(unreadJson)],
        removedKeys: removed,
        unreadableItems: oddItems,
        ...(alarms === undefined ? {} : { unusualUsage: alarms }),
        expectedOfUnattributed: unmanaged.map(expectedJson),
        otherIncidents: others.map((incident) => ({ subject: incident.subject, ...incidentJson(incident) })),
      },
      io,
    );
    return;
  }
  for (const key of keys) await showKey(key, io);
  for (const key of unread) showUnread(key, io);
  for (const key of removed) line(`${colours(io.stdout).bold(key.name)}: ${removedText(key)}\n  fix: ${removedFix}\n`, io);
  for (const incident of others)
    line(`${subjectText(incident)}: ${incidentText(incident)}: npx --no-install keyguard runbook ${incident.kind}`, io);
  for (const { from, until, because } of unmanaged)
    line(`Usage of no managed key: expected from ${instant(from)} until ${instant(until)}: ${because}`, io);
  if (oddItems.length > 0)
    line(`Items of the state table cannot be read: ${oddItems.join(', ')}; how to repair them: npx --no-install keyguard doctor`, io);
  line(tallyText([...keys.map(({ health }) => health), ...unread.map(unreadHealth)]), io);
  line(usageText(watermark, now), io);
  if (alarms !== undefined) line(alarmsText(alarms), io);
  const unpriced = unpricedText(watermark);
  if (unpriced !== undefined) line(`In the last days ${unpriced}.`, io);
}

/** How often people were told of unusual usage, beside how many false alarms a month they accept. */
interface Alarms {
  readonly toldLast30Days: number;
  readonly cutOff: number;
  readonly falseAlarmsPerMonth: number;
}

async function alarmsOf({ table: stored, clock, configuration }: OpenInstallation, open: readonly IncidentRecord[]): Promise<Alarms> {
  const since = clock.now() - 30 * dayMs;
  const all = [...open.filter(({ kind }) => kind === 'usage-anomaly'), ...(await endedIncidents(stored, 'usage-anomaly'))];
  const told = new Map(all.filter(({ openedAt }) => openedAt >= since).map((incident) => [incident.incidentId, incident]));
  const { falseAlarmsPerMonth } = configuration.detection;
  return { toldLast30Days: told.size, cutOff: [...told.values()].filter((each) => cutsOf(each).length > 0).length, falseAlarmsPerMonth };
}

function alarmsText({ toldLast30Days, cutOff, falseAlarmsPerMonth }: Alarms): string {
  const cut = cutOff === 0 ? '' : `, of which ${cutOff} ended with a cut`;
  return `Unusual usage was told ${counted(toldLast30Days, 'time')} in the last 30 days${cut}; you accept ${counted(falseAlarmsPerMonth, 'false alarm')} a month.`;
}

function subjectText({ subject }: IncidentRecord): string {
  if (subject === usageReport) return 'The usage report';
  if (subject === allKeys) return 'All keys';
  return subject === unattributed ? 'Usage of no managed key' : subject;
}

function showUnread(key: UnreadKey, io: CliIo): void {
  const health = unreadHealth(key);
  const paint = painted(io)[health];
  line(`${colours(io.stdout).bold(key.name)}: ${paint(health)}\n  ${paint('!')} ${unreadText(key)}\n`, io);
}

function painted(io: CliIo): Readonly<Record<Health, (text: string) => string>> {
  const paint = colours(io.stdout);
  return { ok: paint.green, attention: paint.yellow, broken: paint.red };
}

/** What passes by itself breaks nothing. */
function unreadHealth({ error }: UnreadKey): Health {
  return error.code === 'unavailable' ? 'attention' : 'broken';
}

async function showKey(key: KeyStatus, io: CliIo): Promise<void> {
  const paint = colours(io.stdout);
  const health = painted(io);
  line(`${paint.bold(key.name)}: ${health[key.health](key.health)}`, io);
  const rows = [
    ['current key', currentText(key)],
    ...key.previous.flatMap((previous) => [
      ['previous key', `${previous.apiKeyId} (${previous.hint}), ${validText(previous)}`],
      ['', previous.waits],
    ]),
    ...key.restorable.map((old) => ['old key', restorableText(old, key.name)]),
    ...key.wishes.map(({ apiKeyId, wish: request, at, by, because }) => [
      request === 'come back' ? 'undo requested' : 'no grace',
      `${apiKeyId}, since ${instant(at)} by ${by}: ${because}`,
    ]),
    ...(key.pool === null ? [] : [['pool', coverText(key.pool)]]),
    ...(key.paused === null ? [] : [['paused', `since ${instant(key.paused.at)} by ${key.paused.by}: ${key.paused.because}`]]),
    ...key.expected.map(({ from, until, by, because }) => [
      'expected usage',
      `from ${instant(from)} until ${instant(until)}, says ${by}: ${because}`,
    ]),
    ...(key.rotatingSince === null ? [] : [['rotating', `since ${instant(key.rotatingSince)}`]]),
    ['next rotation', instant(key.nextRotationAt)],
    ['last success', instant(key.lastRotatedAt)],
    ...key.replicas.map(({ region, status: state, message }) => [
      'replica',
      `${region}: ${state}${message === null || state === 'InSync' ? '' : `, ${message}`}`,
    ]),
    ...key.incidents.map((incident) => ['incident', `${incident.kind}, ${incident.state} since ${instant(incident.openedAt)}`]),
  ];
  await table(
    [],
    rows.map(([label = '', text = '']) => [`  ${label}`, text]),
    io,
  );
  for (const sentence of key.attention) line(`  ${health[key.health]('!')} ${sentence}`, io);
  line('', io);
}

function currentText({ current }: KeyStatus): string {
  if (current === null) return 'none';
  const expiry = current.expiresAt === null ? '' : `, expires ${instant(current.expiresAt)}`;
  return `${current.apiKeyId} (${current.hint}), since ${instant(current.since)}${expiry}`;
}

function validText({ validAtLeastUntil, validAtMostUntil, dead }: PreviousKey): string {
  if (dead !== null) return `does not work: ${dead}`;
  const atLeast = `valid until ${instant(validAtLeastUntil)} at the earliest`;
  return validAtMostUntil === null ? `${atLeast}, then until it is quiet` : `${atLeast}, ${instant(validAtMostUntil)} at the latest`;
}

function restorableText({ apiKeyId, hint, state, since, comesBackUntil, cut }: Restorable, name: string): string {
  const command = `npx --no-install keyguard undo ${name} --api-key-id ${apiKeyId}`;
  const why = cut === undefined ? '' : `, cut off (${cutOffText(cut)})`;
  return `${apiKeyId} (${hint}), ${state} since ${instant(since)}${why}; comes back until ${instant(comesBackUntil)} by: ${command}`;
}

function tallyText(healths: readonly Health[]): string {
  const words: readonly Health[] = ['ok', 'attention', 'broken'];
  const tally = words.flatMap((word) => {
    const count = healths.filter((health) => health === word).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return `${counted(healths.length, 'managed key')}${tally.length === 0 ? '' : `: ${tally.join(', ')}`}.`;
}

function keyJson(key: KeyStatus): object {
  return {
    name: key.name,
    health: key.health,
    attention: key.attention,
    current:
      key.current === null ? null : { ...key.current, since: isoOrNull(key.current.since), expiresAt: isoOrNull(key.current.expiresAt) },
    previous: key.previous.map((previous) => ({
      ...previous,
      switchedAt: isoOrNull(previous.switchedAt),
      validAtLeastUntil: isoOrNull(previous.validAtLeastUntil),
      validAtMostUntil: isoOrNull(previous.validAtMostUntil),
    })),
    restorables: key.restorable.map(({ cut, ...old }) => ({
      ...old,
      since: isoOrNull(old.since),
      comesBackUntil: isoOrNull(old.comesBackUntil),
      cutBecause: cut === undefined ? null : cutOffText(cut),
    })),
    pool: key.pool === null ? null : coverJson(key.pool),
    paused: key.paused === null ? null : { ...key.paused, at: isoOrNull(key.paused.at) },
    expectedUsage: key.expected.map(expectedJson),
    wishes: key.wishes.map((request) => ({ ...request, at: isoOrNull(request.at) })),
    replicas: key.replicas,
    rotatingSince: isoOrNull(key.rotatingSince),
    nextRotationAt: isoOrNull(key.nextRotationAt),
    lastRotatedAt: isoOrNull(key.lastRotatedAt),
    incidents: key.incidents.map(incidentJson),
  };
}

function unreadJson(key: UnreadKey): object {
  return { name: key.name, health: unreadHealth(key), attention: [unreadText(key)] };
}

function expectedJson({ from, until, by, because }: ExpectedUsageRecord): object {
  return { from: isoOrNull(from), until: isoOrNull(until), by, because };
}

function incidentJson({ incidentId, kind, state, openedAt }: IncidentRecord): object {
  return { incidentId, kind, state, openedAt: isoOrNull(openedAt) };
}
