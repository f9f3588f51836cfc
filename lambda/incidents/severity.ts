import type { Alert } from '../../contract/alert.ts';
import type { IncidentKind } from '../../contract/registry.ts';
import type { IncidentState } from '../../contract/records.ts';

export type Severity = Alert['severity'];

/**
 * Critical: somebody may be spending our money now, or consumers fail now. Warning: nothing burns, but people must act.
 * Info: it is over, or good to know.
 */
const whenOpen: Readonly<Record<IncidentKind, Severity>> = {
  'usage-anomaly': 'critical',
  'retired-key-used': 'critical',
  'usage-notable': 'info',
  'usage-unfamiliar': 'warning',
  straggler: 'warning',
  'rotation-failed': 'warning',
  'rotation-overdue': 'warning',
  'current-key-dead': 'critical',
  'key-changed': 'warning',
  'key-expiring': 'warning',
  'pool-low': 'warning',
  'replica-behind': 'warning',
  'usage-blind': 'warning',
  'metrics-differ': 'warning',
  'detection-failing': 'warning',
  'delivery-failed': 'warning',
};

/** How loudly people are told of an incident of this kind in this state. */
export function severityOf(kind: IncidentKind, state: IncidentState): Severity {
  switch (state) {
    case 'open':
    case 'containing':
      return whenOpen[kind];
    case 'contained':
      // The danger is over and the cause is not found.
      return 'warning';
    case 'recovered':
      return 'info';
  }
}
