import type { IncidentKind } from './registry.ts';
import type { IncidentState } from './records.ts';

export const alertSchemaName = 'keyguard.alert/1';

/** The JSON on the SNS topic, versioned; its published schema is docs/alert.schema.json. Never holds a value. */
export interface Alert {
  readonly schema: typeof alertSchemaName;
  readonly installation: string;
  readonly incidentId: string;
  readonly kind: IncidentKind;
  readonly state: IncidentState;
  /** Which turn of the incident it is, where it is open or contained, from the second on. */
  readonly turn?: number;
  /** Which reminder it is, from the first on; absent in a notification that says something new. */
  readonly reminder?: number;
  readonly severity: 'critical' | 'warning' | 'info';
  /** The managed key, `unattributed`, or `usage-report`. */
  readonly subject: string;
  /** One line: what happened to which key. */
  readonly title: string;
  /** Two or three sentences for a person. */
  readonly summary: string;
  /** What to do, in order; each one sentence. */
  readonly actions: readonly string[];
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  /** ISO 8601 UTC. */
  readonly openedAt: string;
  readonly at: string;
  readonly links: readonly { readonly label: string; readonly url: string }[];
}
