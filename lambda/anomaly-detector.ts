import type { Definitions } from '../contract/policy.ts';
import { usageFeed } from './adapters/anthropic/usage-feed.ts';
import { adminAccess, rotationPorts, incidentPorts } from './adapters/assemble.ts';
import { cloudWatch, secretsManager } from './adapters/aws/clients.ts';
import { deliveries } from './adapters/aws/deliveries.ts';
import { detectionMemory } from './adapters/aws/detection-memory.ts';
import { expectedUsage } from './adapters/aws/expected-usage.ts';
import { shownUsage } from './adapters/aws/metrics.ts';
import { rotations } from './adapters/aws/secret-versions.ts';
import { openTable, unreadableSeen } from './adapters/aws/table.ts';
import { usageLedger, wholeQuarters } from './adapters/aws/usage-ledger.ts';
import { bundledDefinitions } from './adapters/definitions.ts';
import { readEnvironment } from './adapters/environment.ts';
import { detectAnomalies } from './detection/detect.ts';
import { exactUsage } from './detection/exact.ts';
import { withEvenHeartbeat } from './detection/heartbeat.ts';
import { zonesOf } from './detection/time-zone.ts';
import { counted } from './foundation/counted.ts';
import { briefly, KeyguardError } from './foundation/errors.ts';
import { onFirstCall } from './foundation/once.ts';
import { lambdaRuntime, type Runtime } from './foundation/runtime.ts';
import { announceOwed } from './incidents/announce.ts';
import { containIncidents, findBrakes } from './incidents/contain.ts';
import { watchDeliveries } from './incidents/watch-deliveries.ts';
import { withPlanned } from './usage/planned-usage.ts';
import { watchUsage } from './usage/watch.ts';

/** Each minute: usage against its baseline, incidents, what people are owed, and containment one step further. */
export function anomalyDetectorHandler(
  variables: Readonly<Record<string, string | undefined>>,
  runtime: Runtime,
  definitions: Definitions,
): () => Promise<void> {
  const env = { ...readEnvironment('anomaly-detector', variables), definitions };
  const table = openTable(env.stateTable);
  const secrets = secretsManager();
  const usage = usageLedger(table, runtime.clock);
  const exact = wholeQuarters(table);
  const incidents = incidentPorts(env, table, runtime);
  const ports = {
    ...rotationPorts(env, table, secrets, incidents),
    ...incidents,
    usage,
    feed: usageFeed(adminAccess(env, secrets, runtime.clock)),
    rotations: rotations(secrets),
    exact,
    series: withEvenHeartbeat(exactUsage(exact), definitions.heartbeat),
    metrics: shownUsage(cloudWatch(), env.installation, runtime.clock),
    memory: detectionMemory(table, usage),
    expected: withPlanned(expectedUsage(table), definitions, runtime.clock),
    deliveries: deliveries(table, runtime.clock),
    falseAlarmsPerMonth: Number(env.falseAlarmsPerMonth),
    zoneOf: zonesOf(definitions),
    heartbeat: definitions.heartbeat,
  };
  return async () => {
    // First whether usage is visible at all: while it is not, nothing is contained by it.
    const watched = await watchUsage(ports).then(
      () => 0,
      (error: unknown) => {
        ports.log.warn('usage.watch-failed', { error: briefly(error) });
        return 1;
      },
    );
    const detection = await detectAnomalies(ports);
    // First what containment will do, then the message that says it, then the auditContext (people hear before or with every enforcement).
    const brakes = await findBrakes(ports);
    const unannounced = await announceOwed(ports);
    const containment = await containIncidents(ports);
    const unwatched = await watchDeliveries(ports);
    ports.log.info('detection.finished', {
      ...detection,
      cut: containment.cut,
      replacing: containment.replacing,
      braked: containment.braked,
    });
    // Thrown last: one subject's failure does not hold up the others, and the error alarm sees it.
    const failed = watched + detection.failed + brakes.failed + unannounced + containment.failed + unwatched;
    const unreadable = unreadableSeen(table, ports.log);
    if (failed === 0) {
      if (unreadable !== undefined) throw unreadable;
      return;
    }
    const what = `detection or containment failed for ${counted(failed, 'subject or incident', 'subjects or incidents')}`;
    throw new KeyguardError('detection-incomplete', what, 'see the function log');
  };
}

export const handler = onFirstCall(() => anomalyDetectorHandler(process.env, lambdaRuntime, bundledDefinitions()));
