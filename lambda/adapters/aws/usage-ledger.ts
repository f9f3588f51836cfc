import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import {
  beatShape,
  categoriesShape,
  lastUseShape,
  usageQuarterShape,
  usualPauseShape,
  watermarkShape,
  heartbeatPartition,
  type BeatRecord,
  type LastUseRecord,
  type WatermarkRecord,
} from '../../../contract/records.ts';
import { dayMs, iso, type Clock } from '../../foundation/clock.ts';
import { LostRace } from '../../foundation/errors.ts';
import type { UsageEvidence } from '../../rotation/ports.ts';
import { quarterOf } from '../../usage/deltas.ts';
import { silenceKnownUntil, watermarkThatHasCome } from '../../usage/watermark.ts';
import type { UsageLedger } from '../../usage/ports.ts';
import { awsCall } from './calls.ts';
import { readableIn, recordOf, type Item, type Table } from './table.ts';

/** Longer than CloudWatch keeps one-minute data, so that sums can still be compared. */
const keepMs = 62 * dayMs;

export function usageLedger(table: Table, clock: Clock): UsageLedger & UsageEvidence {
  const watermark = async (): Promise<WatermarkRecord | undefined> => {
    const item = await table.get('WATERMARK', 'USAGE');
    return item === undefined ? undefined : watermarkOf(item, table, clock.now());
  };
  const readable = (items: readonly Item[]): readonly LastUseRecord[] => readableIn(table, items, lastUseShape, ({ apiKeyId }) => apiKeyId);

  return {
    watermark,
    async lastUses() {
      const items = await table.query('LAST_USE');
      const uses = readable(items);
      const known = new Set(uses.map(({ apiKeyId }) => apiKeyId));
      return [...uses, ...items.flatMap(({ sk }) => (known.has(String(sk)) ? [] : [unreadableUse(String(sk), clock.now())]))];
    },
    async knownUntil() {
      return silenceKnownUntil(await watermark());
    },
    async quarters(subject, from, to) {
      const items = await table.query(`USAGE#${subject}`, { from: iso(quarterOf(from)), to: iso(to) });
      return readableIn(table, items, usageQuarterShape, ({ start }) => iso(start));
    },
    async replace(before, after) {
      const expiresAt = Math.floor((after.start + keepMs) / 1000);
      const [pk, sk] = [`USAGE#${after.subject}`, iso(after.start)] as const;
      try {
        return { ...after, revision: await table.replace(pk, sk, before?.revision, { ...after, expiresAt }) };
      } catch (error) {
        const item = error instanceof LostRace && before === undefined ? await table.get(pk, sk) : undefined;
        // What lies there cannot be read, and nobody else was faster.
        if (item !== undefined) recordOf(item, usageQuarterShape);
        throw error;
      }
    },
    async advance(record) {
      await table.put('WATERMARK', 'USAGE', record);
    },
    async usualPause() {
      const item = await table.get('WATERMARK', 'PAUSE');
      // One that cannot be read is told anew from the history.
      return readableIn(table, item === undefined ? [] : [item], usualPauseShape)[0];
    },
    async rememberUsualPause(record) {
      await table.put('WATERMARK', 'PAUSE', record);
    },
    async beats(from, to) {
      const items = await table.query(heartbeatPartition, { from: iso(from), to: iso(to) });
      return readableIn(table, items, beatShape).map(({ sentAt }) => sentAt);
    },
    async markMoved(subject, at) {
      await table.put('MOVED', subject, { schema: 1, subject, movedAt: at });
    },
    async categories() {
      const records = readableIn(table, await table.query('CATEGORIES'), categoriesShape);
      return new Map(records.map((record) => [record.subject, record]));
    },
    async rememberCategories(before, after) {
      try {
        // The first one, also in the place of one that cannot be read: whoever was faster is seen again in a minute.
        if (before === undefined) await table.put('CATEGORIES', after.subject, { ...after, revision: 1 });
        else await table.replace('CATEGORIES', after.subject, before.revision, after);
      } catch (error) {
        if (!(error instanceof LostRace)) throw error;
      }
    },
    async lastUsed(uses) {
      const items = await table.query('LAST_USE');
      const known = new Map(readable(items).map((use) => [use.apiKeyId, use]));
      for (const use of uses) {
        const before = known.get(use.apiKeyId);
        if (before !== undefined && (before.at > use.at || (before.at === use.at && before.tokens === use.tokens))) continue;
        // In the place of one that cannot be read.
        if (before === undefined && items.some(({ sk }) => sk === use.apiKeyId)) await table.put('LAST_USE', use.apiKeyId, use);
        else await keepLatest(table, use);
      }
    },
  };
}

/** Remembers that Anthropic took a request of the heartbeat. */
export async function rememberBeat(table: Table, sentAt: number): Promise<void> {
  const record: BeatRecord = { schema: 1, sentAt, expiresAt: Math.floor((sentAt + keepMs) / 1000) };
  await table.put(heartbeatPartition, iso(sentAt), record);
}

/** Its key may be in use this moment: it is not silent, and nothing says that it was used, either. */
function unreadableUse(apiKeyId: string, now: number): LastUseRecord {
  return { schema: 1, apiKeyId, at: now, model: 'a model that cannot be read', workspaceId: 'unknown', tokens: 0 };
}

/** What cannot be read of it is not believed: no silence is known for two hours, as after a pause, and usage may be read again from two days ago. */
function watermarkOf(item: Item, table: Table, now: number): WatermarkRecord {
  const [record] = readableIn(table, [item], watermarkShape);
  if (record !== undefined) return watermarkThatHasCome(record, now);
  const instant = (name: string): number => {
    const value = item['schema'] === 1 ? item[name] : undefined;
    return typeof value === 'number' ? value : Number.NaN;
  };
  const [knownUntil, readAt, tokensUntil] = [instant('knownUntil'), instant('readAt'), instant('tokensUntil')];
  return watermarkThatHasCome({ schema: 1, knownUntil, readAt, tokensUntil, resumed: { at: now, from: 0 } }, now);
}

/** As whoever judges usage wants them: a quarter that cannot be read is not one without usage. Throws KeyguardError `foreign-record`. */
export function wholeQuarters(table: Table): Pick<UsageLedger, 'quarters'> {
  return {
    async quarters(subject, from, to) {
      const items = await table.query(`USAGE#${subject}`, { from: iso(quarterOf(from)), to: iso(to) });
      return items.map((item) => recordOf(item, usageQuarterShape));
    },
  };
}

async function keepLatest(table: Table, use: LastUseRecord): Promise<void> {
  try {
    await awsCall(
      'dynamodb:PutItem',
      () =>
        table.documents.send(
          new PutCommand({
            TableName: table.name,
            Item: { ...use, pk: 'LAST_USE', sk: use.apiKeyId },
            ConditionExpression: 'attribute_not_exists(pk) OR #at <= :at',
            ExpressionAttributeNames: { '#at': 'at' },
            ExpressionAttributeValues: { ':at': use.at },
          }),
        ),
      (error) => (error instanceof ConditionalCheckFailedException ? new LostRace(use.apiKeyId) : undefined),
    );
  } catch (error) {
    // A run that saw later minutes was faster.
    if (!(error instanceof LostRace)) throw error;
  }
}
