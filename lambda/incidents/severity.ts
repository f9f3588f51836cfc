import type { Alert } from '../../contract/alert.ts';
import type { IncidentKind } from '../../contract/kinds.ts';
import type { IncidentState } from '../../contract/records.ts';

export type Severity = Alert['severity'];

/**
 * Critical: somebody may be spending our money now. Warning: nothing burns, but people must act.
 * Info: it is over. After a cut the danger is over and the cause is not found, so that is a warning.
 */
const table = {
  'usage-anomaly': { open: 'critical', containing: 'critical', contained: 'warning', recovered: 'info' },
  'retired-key-used': { open: 'critical', containing: 'critical', contained: 'warning', recovered: 'info' },
  straggler: { open: 'warning', containing: 'warning', contained: 'warning', recovered: 'info' },
  'rotation-failed': { open: 'warning', containing: 'warning', contained: 'warning', recovered: 'info' },
} as const satisfies Record<IncidentKind, Record<IncidentState, Severity>>;

/** How loudly people are told of an incident of this kind in this state. */
export function severityOf(kind: IncidentKind, state: IncidentState): Severity {
  return table[kind][state];
}
