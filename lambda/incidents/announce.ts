import type { IncidentRecord, Notification } from '../../contract/records.ts';
import { isWithin, minuteMs } from '../foundation/clock.ts';
import { briefly, LostRace } from '../foundation/errors.ts';
import { acknowledgedFacts } from './renotify.ts';
import { alertOf } from './message.ts';
import type { IncidentPorts } from './ports.ts';
import { released, successorOf, unannounced } from './states.ts';

/** A run that claimed an announcement and was killed is succeeded after this time. */
const leaseMs = 2 * minuteMs;

/**
 * Tells people about the incident as it is, once. The claim is stored before the publish, so two runs at once publish once;
 * a run killed between publish and record makes the next one publish again after the lease, since a message too many is
 * better than none. The notifier drops repeats; email, which SNS delivers itself, can show one. One that is over and told makes
 * way for what was found after it, which the next run tells.
 */
export async function announce(found: IncidentRecord, ports: IncidentPorts): Promise<void> {
  const now = ports.clock.now();
  const incident = found.held === undefined ? found : released(found, now);
  if (incident === undefined) return;
  const notification = unannounced(incident);
  if (notification === undefined) {
    if (incident.state === 'recovered') await endQuietly(incident, ports);
    return;
  }
  if (incident.announcing?.state === notification && isWithin(incident.announcing.at, leaseMs, now)) return;
  let claimed: IncidentRecord;
  try {
    claimed = await ports.incidents.replace(found, {
      ...incident,
      ...acknowledgedFacts(incident),
      announcing: { state: notification, at: now },
    });
  } catch (error) {
    if (error instanceof LostRace) return;
    throw error;
  }
  const { installation, dashboardUrl } = ports;
  const supply = ports.supplies.get(claimed.subject);
  await ports.publisher.publish(alertOf(claimed, { installation, dashboardUrl, at: now, ...(supply === undefined ? {} : { supply }) }));
  ports.log.info('incidents.announced', { incidentId: claimed.incidentId, state: notification });
  await markAnnounced(claimed, notification, now, ports);
}

/** Sees to every announcement that is owed; one that fails does not hold up the others. Returns how many failed. */
export async function announceOwed(ports: IncidentPorts): Promise<number> {
  let failed = 0;
  for (const incident of await ports.incidents.all()) {
    try {
      await announce(incident, ports);
    } catch (error) {
      failed += 1;
      ports.log.warn('incidents.announcement-failed', { incidentId: incident.incidentId, error: briefly(error) });
    }
  }
  return failed;
}

async function markAnnounced(claimed: IncidentRecord, notification: Notification, toldAt: number, ports: IncidentPorts): Promise<void> {
  let record: IncidentRecord | undefined = claimed;
  while (record?.incidentId === claimed.incidentId) {
    const { announcing, ...rest } = record;
    // Somebody may be telling something newer by now: that claim is theirs.
    const theirs = announcing === undefined || announcing.state === notification ? {} : { announcing };
    const announced = [...record.announced.filter((known) => known !== notification), notification];
    try {
      const marked = await ports.incidents.replace(record, { ...rest, ...theirs, announced, toldAt });
      if (marked.state === 'recovered' && unannounced(marked) === undefined) await endQuietly(marked, ports);
      return;
    } catch (error) {
      if (!(error instanceof LostRace)) throw error;
      // A new finding moved the record meanwhile: the mark goes onto the newer one.
      record = await ports.incidents.find(claimed.kind, claimed.subject);
    }
  }
}

async function endQuietly(record: IncidentRecord, ports: IncidentPorts): Promise<void> {
  try {
    await ports.incidents.end(record, successorOf(record));
  } catch (error) {
    if (!(error instanceof LostRace)) throw error;
  }
}
