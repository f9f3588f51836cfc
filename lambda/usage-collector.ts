import type { Definitions } from '../contract/policy.ts';
import { usageFeed } from './adapters/anthropic/usage-feed.ts';
import { adminAccess } from './adapters/assemble.ts';
import { keyOwners } from './adapters/aws/api-key-ledger.ts';
import { cloudWatch, cloudWatchWithoutRetries, secretsManager } from './adapters/aws/clients.ts';
import { metricSink } from './adapters/aws/metrics.ts';
import { openTable, unreadableSeen } from './adapters/aws/table.ts';
import { usageLedger } from './adapters/aws/usage-ledger.ts';
import { bundledDefinitions } from './adapters/definitions.ts';
import { readEnvironment } from './adapters/environment.ts';
import { iso } from './foundation/clock.ts';
import { onFirstCall } from './foundation/once.ts';
import { lambdaRuntime, type Runtime } from './foundation/runtime.ts';
import { collectUsage } from './usage/collect.ts';

/** Each minute: what the usage report says of the last half hour, as exact deltas in CloudWatch. */
export function usageCollectorHandler(
  variables: Readonly<Record<string, string | undefined>>,
  runtime: Runtime,
  { heartbeat }: Definitions,
): () => Promise<void> {
  const env = readEnvironment('usage-collector', variables);
  const table = openTable(env.stateTable);
  const ports = {
    feed: usageFeed(adminAccess(env, secretsManager(), runtime.clock)),
    ledger: usageLedger(table, runtime.clock),
    metrics: metricSink(cloudWatchWithoutRetries(), cloudWatch(), env.installation),
    owners: keyOwners(table),
    heartbeat,
    ...runtime,
  };
  return async () => {
    const { from, to, knownUntil, ...counts } = await collectUsage(ports);
    ports.log.info('usage.collected', { from: iso(from), to: iso(to), knownUntil: iso(knownUntil), ...counts });
    const unreadable = unreadableSeen(table, runtime.log);
    if (unreadable !== undefined) throw unreadable;
  };
}

export const handler = onFirstCall(() => usageCollectorHandler(process.env, lambdaRuntime, bundledDefinitions()));
