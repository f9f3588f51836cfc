import type { IncidentFacts } from '../../contract/records.ts';
import type { DetectorKind } from '../../contract/registry.ts';
import { rate } from './detectors/rate.ts';

export interface DetectorSettings {
  /** Width of a bucket of usage; deployed 60,000. */
  readonly intervalMs: number;
  /** False alarms a month expected of this subject and this detector: the fleet's budget, already divided. */
  readonly falseAlarmsPerMonth: number;
}

export interface Observation {
  /** Start of the bucket, epoch ms UTC. */
  readonly at: number;
  /** One per watched metric, in the metric's unit, at least 0; null = no datum (a known gap). A bucket that is never folded had no traffic. */
  readonly values: readonly (number | null)[];
}

/** All that a detector knows of one subject: what the next bucket is judged by. Plain data, never changed in place. */
export interface Memory {
  /** When the last bucket began that was folded into it; null: none was. */
  readonly lastAt: number | null;
  /** Folds buckets in time order onto a copy; any cut into batches gives the same answers. */
  folder(settings: DetectorSettings): Folder;
  /** What follows is judged as though usage had been usual until now. */
  asUsual(): Memory;
  /** For the table. Throws TypeError for what could not be read back. */
  text(): string;
}

interface Folder {
  /** What makes this bucket an alert, in people's units; undefined where it is none. */
  fold(observation: Observation): IncidentFacts | undefined;
  /** After the buckets folded so far. */
  memory(): Memory;
}

/** What tells stolen usage from usual usage. Pure: it sees nothing but what it is given. */
export interface Detector {
  /** Of a subject that it has never seen. */
  start(metrics: number): Memory;
  /** From what `text` gave, parsed. Throws TypeError, in plain words, for what cannot be its memory of what came before `foldedUntil`. */
  recall(stored: unknown, metrics: number, foldedUntil: number): Memory;
}

/** Each looks at every subject; what any of them finds is a finding. */
export const detectors: Readonly<Record<DetectorKind, Detector>> = { rate };
