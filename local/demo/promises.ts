import { dimensionNames, usageMetrics } from '../../contract/metrics.ts';
import { counted } from '../../lambda/foundation/counted.ts';
import { hourMs, iso, minuteMs } from '../../lambda/foundation/clock.ts';
import type { World } from '../world.ts';
import type { Consumer } from './consumer.ts';

export interface KeptPromise {
  readonly id: string;
  readonly promise: string;
  readonly held: boolean;
  readonly detail: string;
}

interface Evidence {
  readonly world: World;
  readonly consumers: readonly Consumer[];
  readonly managedKeys: readonly string[];
  /** Everything that was printed, logged, posted, mailed or written. */
  readonly texts: readonly string[];
}

/** The invariants as an outsider can check them after the run: from the two worlds, never from what the product says of itself. */
export async function keptPromises({ world, consumers, managedKeys, texts }: Evidence): Promise<readonly KeptPromise[]> {
  return [
    await secretsAnswer(world, consumers, managedKeys),
    noneCutEarly(world),
    noneAwake(world),
    noneLeaked(world, texts),
    allRotationsEnded(world, managedKeys),
    sumsAgree(world, managedKeys),
    toldOnce(world),
    neverWithoutKey(world, consumers),
  ];
}

async function secretsAnswer(world: World, consumers: readonly Consumer[], managedKeys: readonly string[]): Promise<KeptPromise> {
  const refused: string[] = [];
  for (const name of managedKeys) {
    const probe = { model: 'claude-haiku-5-5', requests: 1, uncachedInputTokens: 1, cacheReadTokens: 0, outputTokens: 1 };
    if (world.anthropic.use(await world.currentValue(name), probe).accepted !== 1) refused.push(name);
  }
  const failures = consumers.reduce((sum, { tally }) => sum + (tally.failures.get('other') ?? 0), 0);
  return {
    id: 'I1',
    promise: 'AWSCURRENT always holds a credential that Anthropic accepts',
    held: refused.length === 0 && failures === 0,
    detail: `${counted(failures, 'request')} failed outside containment; ${managedKeys.length - refused.length} of ${managedKeys.length} secrets answer at the end`,
  };
}

/** When a key became inactive, and what it did before, from Anthropic's own history. */
function noneCutEarly(world: World): KeptPromise {
  const early: string[] = [];
  const contained = everContained(world);
  let retired = 0;
  for (const record of world.ledger()) {
    if (record.switchedAt === undefined || contained.has(record.apiKeyId)) continue;
    const { rotation } = world.definition(record.managedKey);
    const history = world.anthropic.inspect.key(record.apiKeyId).history;
    const inactive = history.find((change) => change.at > (record.switchedAt ?? 0) && change.status !== 'active');
    if (inactive === undefined) continue;
    retired += 1;
    const last = world.anthropic.inspect.key(record.apiKeyId).requests.lastAcceptedAt ?? 0;
    if (inactive.at < record.switchedAt + rotation.minimumGraceMs || inactive.at < last + rotation.quietMs) early.push(record.apiKeyId);
  }
  return {
    id: 'I2',
    promise: 'An old key becomes inactive only after its minimum grace and a proven silence',
    held: early.length === 0,
    detail: early.length === 0 ? `${counted(retired, 'old key')} retired, none too early` : `too early: ${early.join(', ')}`,
  };
}

/** Keys that containment cut off, whatever became of them later: from the audit trail. */
export function everContained(world: World): ReadonlySet<string> {
  const items = world.aws.inspect.tables.items(world.installation.stateTable);
  return new Set(items.flatMap((item) => (item['to']?.S === 'contained' ? [item['apiKeyId']?.S ?? ''] : [])));
}

function noneAwake(world: World): KeptPromise {
  const records = world.ledger();
  const wrong = records.filter((record) => {
    const { status } = world.anthropic.inspect.key(record.apiKeyId);
    return (status === 'active') !== (record.state === 'current' || record.state === 'draining');
  });
  const unknown = world.anthropic.inspect.keys().filter((key) => !records.some((record) => record.apiKeyId === key.id));
  return {
    id: 'I3',
    promise: 'No key is lost, and none is active that should be inactive',
    held: wrong.length === 0 && unknown.length === 0,
    detail: `${counted(records.length, 'key')}, ${records.filter((record) => record.state === 'current').length} current, ${wrong.length} in a wrong state`,
  };
}

function noneLeaked(world: World, texts: readonly string[]): KeptPromise {
  const items = JSON.stringify(world.aws.inspect.tables.items(world.installation.stateTable));
  const messages = JSON.stringify([world.aws.inspect.topics.published(), world.aws.mailbox.messages(), world.slack.cards]);
  const searched = [items, messages, ...texts];
  // The middle of a long value, so that a cut one is found too; what hints show is at the ends.
  const middleOf = (value: string): string => (value.length > 60 ? value.slice(24, 48) : value);
  const leaked = world.values().filter((value) => searched.some((text) => text.includes(middleOf(value))));
  const characters = searched.reduce((sum, text) => sum + text.length, 0);
  return {
    id: 'I4',
    promise: 'No key value, admin credential or webhook URL is in any output',
    held: leaked.length === 0,
    detail: `${world.values().length} values looked for in ${Math.round(characters / 1000).toLocaleString('en-US')} kB of logs, records, messages and report`,
  };
}

function allRotationsEnded(world: World, managedKeys: readonly string[]): KeptPromise {
  const events = world.aws.inspect.secrets.events();
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  const stuck = managedKeys.filter((name) =>
    world.aws.inspect.secrets
      .versions(world.definition(name).secretArn)
      .some(({ labels }) => labels.includes('AWSPENDING') && !labels.includes('AWSCURRENT')),
  );
  return {
    id: 'I5',
    promise: 'Every rotation that starts ends visibly',
    held: stuck.length === 0 && count('RotationStarted') <= count('RotationSucceeded') + count('RotationFailed'),
    detail: `${count('RotationStarted')} started, ${count('RotationSucceeded')} succeeded, ${count('RotationFailed')} failed, ${stuck.length} stuck`,
  };
}

/** CloudWatch's sums against what was really used, minute by minute, as far as the feed shows it by now. */
function sumsAgree(world: World, managedKeys: readonly string[]): KeptPromise {
  const until = world.clock.now() - hourMs;
  const owners = new Map(world.ledger().map((record) => [record.apiKeyId, record.managedKey]));
  const truth = new Map<string, number>();
  for (const { minuteAt, dimensions, counts } of world.anthropic.inspect.usage(world.installation.organizationId, 0, until)) {
    const subject = owners.get(dimensions.apiKeyId ?? '') ?? 'unattributed';
    const key = `${subject} ${minuteAt}`;
    truth.set(key, (truth.get(key) ?? 0) + counts.outputTokens);
  }
  const published = new Map<string, number>();
  for (const metric of world.aws.inspect.metrics.metrics()) {
    if (metric.name !== usageMetrics.outputTokens.name) continue;
    const subject = metric.dimensions.find(({ name }) => name === dimensionNames.managedKey)?.value ?? '';
    for (const { at, sum } of metric.minutes) if (at < until && sum !== 0) published.set(`${subject} ${at}`, sum);
  }
  const wrong = [...new Set([...truth.keys(), ...published.keys()])].filter((key) => (truth.get(key) ?? 0) !== (published.get(key) ?? 0));
  const tokens = [...truth.values()].reduce((sum, value) => sum + value, 0);
  return {
    id: 'I6',
    promise: 'What CloudWatch shows is what Anthropic reports: nothing twice, nothing lost',
    held: wrong.length === 0 && truth.size > 0,
    detail:
      wrong.length === 0
        ? `${truth.size.toLocaleString('en-US')} minutes of ${managedKeys.length} keys, ${tokens.toLocaleString('en-US')} output tokens, all equal`
        : `${counted(wrong.length, 'minute')} of difference, the first: ${wrong[0] ?? ''}`,
  };
}

function toldOnce(world: World): KeptPromise {
  const told = new Map<string, number>();
  for (const mail of world.aws.mailbox.messages()) {
    const incident = /^Incident (\S+)/m.exec(mail.body)?.[1] ?? mail.subject;
    const state = /, (open|contained|recovered), incident/.exec(mail.body)?.[1] ?? '';
    const key = `email ${mail.to} ${incident} ${state}`;
    told.set(key, (told.get(key) ?? 0) + 1);
  }
  for (const card of world.slack.cards) {
    const text = JSON.stringify(card.body);
    const key = `slack ${/\| incident ([\w-]+)/.exec(text)?.[1] ?? text} ${/\| (open|contained|recovered) \|/.exec(text)?.[1] ?? ''}`;
    told.set(key, (told.get(key) ?? 0) + 1);
  }
  const twice = [...told].filter(([, times]) => times > 1);
  const cards = world.slack.cards.length;
  const mails = world.aws.mailbox.messages().length;
  return {
    id: 'I7',
    promise: 'One cause, one incident, one message per channel and state change',
    held: twice.length === 0 && cards === mails,
    detail: twice.length === 0 ? `${mails} emails and ${cards} Slack cards, none twice` : `told twice: ${twice[0]?.[0] ?? ''}`,
  };
}

/** A managed key always had another working credential when one was cut off. */
function neverWithoutKey(world: World, consumers: readonly Consumer[]): KeptPromise {
  const cutOff = everContained(world);
  const contained = world.ledger().filter((record) => cutOff.has(record.apiKeyId));
  const left = contained.filter((record) => {
    const cut = world.anthropic.inspect.key(record.apiKeyId).history.findLast((change) => change.status === 'inactive');
    if (cut === undefined) return true;
    const others = world.ledger().filter((other) => other.managedKey === record.managedKey && other.apiKeyId !== record.apiKeyId);
    return !others.some((other) => statusAt(world, other.apiKeyId, cut.at) === 'active');
  });
  const failures = consumers.reduce((sum, { tally }) => sum + (tally.failures.get('containment') ?? 0), 0);
  return {
    id: 'I8',
    promise: "Containment never takes a managed key's last working credential",
    held: left.length === 0,
    detail: `${counted(contained.length, 'key')} cut off, ${left.length} without a replacement; ${counted(failures, 'request')} met the cut before the new value was read`,
  };
}

function statusAt(world: World, apiKeyId: string, at: number): string {
  return world.anthropic.inspect.key(apiKeyId).history.findLast((change) => change.at <= at)?.status ?? 'unknown';
}

export function clockText(at: number): string {
  return iso(Math.floor(at / minuteMs) * minuteMs)
    .slice(0, 16)
    .replace('T', ' ');
}
