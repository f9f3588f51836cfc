import { alertSchemaName, type Alert } from '../../contract/alert.ts';
import { dayMs, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { render as renderEmail } from '../../lambda/incidents/channels/email.ts';
import { render as renderSlack } from '../../lambda/incidents/channels/slack-webhook.ts';
import { drawTheft } from '../traffic/theft.ts';
import type { MinuteUsage } from '../traffic/draw.ts';
import { startWorld, type World, type WorldKey } from '../world.ts';
import type { DemoAlert, DemoEvent } from '../../report/demo-data.ts';
import { consumerOf, trafficOf, type Consumer } from './consumer.ts';

/** A managed key of the story, and where its traffic comes from. */
export interface Cast extends WorldKey {
  /** In words, for the report. */
  readonly profile: string;
  readonly usage: readonly MinuteUsage[];
  /** How long its application keeps a value that it read. */
  readonly cacheMs: number;
}

export interface StoryOptions {
  readonly seed: number;
  readonly cast: readonly Cast[];
  readonly onEvent: (event: DemoEvent) => void;
  readonly onProgress: (share: number) => void;
}

export interface Told {
  readonly world: World;
  readonly consumers: readonly Consumer[];
  readonly events: readonly DemoEvent[];
  readonly alerts: readonly DemoAlert[];
  readonly from: number;
  readonly theft: {
    readonly from: number;
    readonly apiKeyId: string;
    readonly value: string;
    readonly requests: number;
    readonly refused: number;
  };
}

export const storyStart = '2026-09-07T00:00:00Z';
const day = (number: number, hour: number): number => Date.parse(storyStart) + (number - 1) * dayMs + hour * hourMs;
/** In calm hours the functions run once an hour instead of each minute: they catch up, and their answers are the same. */
const calmBeatMs = hourMs;
/** A quarter past, so that the thief does not arrive on a beat. */
export const theftAt = day(6, 14) + 17 * minuteMs;

/**
 * A week: install, first keys, an ordinary rotation, retirement by evidence; then a key is stolen, found, replaced and cut
 * off, and the week ends quietly. The world is left running for whoever looks into it.
 */
export async function tellStory({ seed, cast, onEvent, onProgress }: StoryOptions): Promise<Told> {
  const world = await startWorld({ managedKeys: cast, seed, start: storyStart });
  const events: DemoEvent[] = [];
  const tell = (subject: string, kind: DemoEvent['kind'], text: string, at = world.clock.now()): void => {
    const event = { at, subject, kind, text };
    events.push(event);
    onEvent(event);
  };
  const consumers = cast.map((key) =>
    consumerOf({ world, managedKey: key.name, cacheMs: key.cacheMs, overHttpEveryMs: hourMs, traffic: key.usage[Symbol.iterator]() }),
  );
  const watch = watcher(world, tell);
  const thieves: ((at: number) => void)[] = [];
  const until = async (instant: number, beatMs: number): Promise<void> => {
    await world.passes(instant - world.clock.now(), {
      beatMs,
      eachMinute: async (at) => {
        for (const consumer of consumers) await consumer.minute(at);
        for (const steal of thieves) steal(at);
        if (at % (6 * hourMs) === 0) onProgress((at - Date.parse(storyStart)) / (7 * dayMs));
        // The minute after a beat: the functions have run.
        if ((at - minuteMs) % beatMs === 0) watch();
      },
    });
    watch();
  };

  for (const key of cast) {
    for (let number = 0; number < 3; number += 1) await world.addStandbyKey(key.name);
    tell(key.name, 'install', 'three standby keys taken in: checked, stored, inactive');
    await world.rotate(key.name);
    watch();
  }
  const [victim, steady, batch] = cast;
  if (victim === undefined) throw new RangeError('the story needs a managed key');
  await until(day(2, 10), calmBeatMs);
  await world.rotate(victim.name);
  await until(day(3, 9), calmBeatMs);
  if (steady !== undefined) await world.rotate(steady.name);
  await until(day(4, 2), calmBeatMs);
  if (batch !== undefined) await world.rotate(batch.name);
  await until(theftAt - 27 * minuteMs, calmBeatMs);
  await until(theftAt, minuteMs);

  const value = await world.currentValue(victim.name);
  const apiKeyId = world.keyOf(value) ?? '';
  tell(victim.name, 'theft', `somebody copies the value of ${apiKeyId} and begins to use it`);
  const loot = { requests: 0, refused: 0 };
  const stolen = theftOf(victim.usage, seed)[Symbol.iterator]();
  let next = stolen.next();
  thieves.push((at) => {
    for (; next.done !== true && next.value.at < at; next = stolen.next()) {
      const outcome = world.anthropic.use(value, trafficOf(next.value));
      loot.requests += outcome.accepted;
      loot.refused += outcome.rejected;
    }
  });
  await until(theftAt + 2 * hourMs, minuteMs);
  await until(day(8, 0), calmBeatMs);
  return {
    world,
    consumers,
    events,
    alerts: alertsOf(world),
    from: Date.parse(storyStart),
    theft: { from: theftAt, apiKeyId, value, ...loot },
  };
}

/** What the thief uses in the four hours after `theftAt`, as long as the key works. */
export function theftOf(victim: readonly MinuteUsage[], seed: number): Iterable<MinuteUsage> {
  return drawTheft('burst', { seed, from: theftAt, minutes: 4 * 60, victimTokensPerMinute: busyMinute(victim) });
}

/** Tokens of a typical busy minute: the mean over the minutes that had traffic. */
function busyMinute(usage: readonly MinuteUsage[]): number {
  const minutes = new Map<number, number>();
  for (const row of usage)
    minutes.set(row.at, (minutes.get(row.at) ?? 0) + row.uncachedInputTokens + row.cacheReadTokens + row.outputTokens);
  const total = [...minutes.values()].reduce((sum, tokens) => sum + tokens, 0);
  return Math.max(1, total / Math.max(1, minutes.size));
}

/** Turns what changed in the worlds since the last look into events. */
function watcher(world: World, tell: (subject: string, kind: DemoEvent['kind'], text: string, at?: number) => void): () => void {
  const states = new Map<string, string>();
  let cards = 0;
  return () => {
    for (const { apiKeyId, managedKey, state, since } of world.ledger()) {
      if (states.get(apiKeyId) === state) continue;
      const before = states.get(apiKeyId);
      states.set(apiKeyId, state);
      if (state === 'current') tell(managedKey, 'rotation', `AWSCURRENT moves to ${apiKeyId}; no consumer notices`, since);
      if (state === 'inactive')
        tell(managedKey, 'retirement', `${apiKeyId} was quiet for long enough: inactive, and proven dead (401)`, since);
      if (state === 'archived' && before !== undefined)
        tell(managedKey, 'retirement', `${apiKeyId}: the undo period is over, archived`, since);
      if (state === 'contained') tell(managedKey, 'containment', `${apiKeyId} is cut off: inactive, and proven dead (401)`, since);
    }
    const published = world.aws.inspect.topics.published();
    for (const { bodies } of published.slice(cards)) {
      const alert = alertIn(bodies);
      if (alert !== undefined) {
        tell(alert.subject, alert.state === 'recovered' ? 'recovery' : 'alert', `email and Slack: ${alert.title}`, Date.parse(alert.at));
      }
    }
    cards = published.length;
  };
}

function alertsOf(world: World): readonly DemoAlert[] {
  const mails = world.aws.mailbox.messages();
  return world.aws.inspect.topics.published().flatMap(({ bodies }, index) => {
    const alert = alertIn(bodies);
    if (alert === undefined) return [];
    const mail = mails[index];
    const posted = world.slack.cards[index]?.body;
    return [
      {
        at: Date.parse(alert.at),
        alert,
        email: mail === undefined ? renderEmail(alert) : { subject: mail.subject, body: mail.body },
        slack: posted ?? renderSlack(alert),
      },
    ];
  });
}

/** The publish carries one text per protocol; the alert's JSON is the default one. */
function alertIn(bodies: Readonly<Record<string, string>>): Alert | undefined {
  const alert: unknown = JSON.parse(bodies['default'] ?? 'null');
  return isAlert(alert) ? alert : undefined;
}

function isAlert(value: unknown): value is Alert {
  return value instanceof Object && Reflect.get(value, 'schema') === alertSchemaName;
}
