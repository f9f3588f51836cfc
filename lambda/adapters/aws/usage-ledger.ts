import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import {
  heartbeatPartition,
  type BeatRecord,
  type LastUseRecord,
  type UsageQuarterRecord,
  type UsualPauseRecord,
  type WatermarkRecord,
} from '../../../contract/records.ts';
import { dayMs, iso, type Clock } from '../../foundation/clock.ts';
import { LostRace } from '../../foundation/errors.ts';
import type { UsageEvidence } from '../../rotation/ports.ts';
import { quarterOf } from '../../usage/deltas.ts';
import { silenceKnownUntil, watermarkThatHasCome } from '../../usage/watermark.ts';
import type { UsageLedger } from '../../usage/ports.ts';
import { awsCall } from './calls.ts';
import { recordOf, type Table } from './table.ts';

/** Longer than CloudWatch keeps one-minute data, so that sums can still be compared. */
const keepMs = 62 * dayMs;

export function usageLedger(table: Table, clock: Clock): UsageLedger & UsageEvidence {
  const watermark = async (): Promise<WatermarkRecord | undefined> => {
    const item = await table.get('WATERMARK', 'USAGE');
    if (item === undefined) return undefined;
    return watermarkThatHasCome(recordOf<WatermarkRecord>(item, ['knownUntil', 'readAt', 'tokensUntil']), clock.now());
  };
  const lastUses = async (): Promise<readonly LastUseRecord[]> =>
    (await table.query('LAST_USE')).map((item) => recordOf<LastUseRecord>(item, ['apiKeyId', 'at', 'model', 'tokens']));

  return {
    watermark,
    lastUses,
    async knownUntil() {
      return silenceKnownUntil(await watermark());
    },
    async quarters(subject, from, to) {
      const items = await table.query(`USAGE#${subject}`, { from: iso(quarterOf(from)), to: iso(to) });
      return items.map((item) => recordOf<UsageQuarterRecord>(item, ['subject', 'start', 'minutes', 'revision']));
    },
    async replace(before, after) {
      const expiresAt = Math.floor((after.start + keepMs) / 1000);
      const revision = await table.replace(`USAGE#${after.subject}`, iso(after.start), before?.revision, { ...after, expiresAt });
      return { ...after, revision };
    },
    async advance(record) {
      await table.put('WATERMARK', 'USAGE', record);
    },
    async usualPause() {
      const item = await table.get('WATERMARK', 'PAUSE');
      return item === undefined ? undefined : recordOf<UsualPauseRecord>(item, ['tokensUntil', 'ms']);
    },
    async rememberUsualPause(record) {
      await table.put('WATERMARK', 'PAUSE', record);
    },
    async beats(from, to) {
      const items = await table.query(heartbeatPartition, { from: iso(from), to: iso(to) });
      return items.map((item) => recordOf<BeatRecord>(item, ['sentAt']).sentAt);
    },
    async markMoved(subject, at) {
      await table.put('MOVED', subject, { schema: 1, subject, movedAt: at });
    },
    async lastUsed(uses) {
      const known = new Map((await lastUses()).map((use) => [use.apiKeyId, use]));
      for (const use of uses) {
        const before = known.get(use.apiKeyId);
        if (before !== undefined && (before.at > use.at || (before.at === use.at && before.tokens === use.tokens))) continue;
        await keepLatest(table, use);
      }
    },
  };
}

/** Remembers that Anthropic took a request of the heartbeat. */
export async function rememberBeat(table: Table, sentAt: number): Promise<void> {
  const record: BeatRecord = { schema: 1, sentAt, expiresAt: Math.floor((sentAt + keepMs) / 1000) };
  await table.put(heartbeatPartition, iso(sentAt), record);
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
