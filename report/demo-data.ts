import type { Alert } from '../contract/alert.ts';

/** What a run of the demo left behind, as plain data. Instants are milliseconds since the epoch, UTC. */
export interface DemoReport {
  seed: number;
  /** Where the traffic comes from, in words. */
  traffic: string;
  from: number;
  to: number;
  tookSeconds: number;
  version: string;
  keys: DemoKey[];
  events: DemoEvent[];
  consumers: DemoConsumer[];
  invariants: { id: string; promise: string; held: boolean; detail: string }[];
  alerts: DemoAlert[];
  figures: { label: string; value: string; note?: string }[];
}

export interface DemoKey {
  name: string;
  workspace: string;
  profile: string;
  containment: string;
  series: DemoSeries[];
  lifecycle: DemoLane[];
}

/** One measure of one key, a value a minute; null is a minute without a datum. */
export interface DemoSeries {
  metric: string;
  at: number[];
  observed: (number | null)[];
  low: number[];
  typical: number[];
  high: number[];
}

export interface DemoLane {
  apiKeyId: string;
  hint: string;
  spans: { state: string; from: number; to: number; because?: string }[];
}

export interface DemoEvent {
  at: number;
  /** The managed key it happened to. */
  subject: string;
  kind: 'rotation' | 'retirement' | 'theft' | 'finding' | 'alert' | 'containment' | 'recovery' | 'install';
  text: string;
}

interface DemoConsumer {
  name: string;
  requests: number;
  overHttp: number;
  failures: { cause: string; count: number }[];
}

export interface DemoAlert {
  at: number;
  alert: Alert;
  email: { subject: string; body: string };
  /** The message as it was posted to Slack, or its blocks alone. */
  slack: unknown;
}
