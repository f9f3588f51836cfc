import type { Comparison } from '../../contract/records.ts';
import { detectorKinds, type DetectorKind } from '../../contract/registry.ts';
import { envelope } from './detectors/envelope.ts';
import type { ZoneOffset } from './time-zone.ts';

export interface DetectorSettings {
  /** Width of a bucket of usage; deployed 60,000. */
  readonly intervalMs: number;
  /** False alarms a month expected of this subject and this detector: the fleet's budget, already divided. */
  readonly falseAlarmsPerMonth: number;
  /** Of the subject's time zone. Absent: UTC. */
  readonly zoneOffset?: ZoneOffset;
}

export interface Observation {
  /** Start of the bucket, epoch ms UTC. */
  readonly at: number;
  /** One per watched metric, in the metric's unit, at least 0; null = no datum (a known gap). A bucket that is never folded had no traffic. */
  readonly values: readonly (number | null)[];
  /** People say that it was as usual, however it looks: it teaches what it holds, and alerts nobody. */
  readonly isAccepted?: boolean;
}

/** What is usual for one metric at this time: rates in its unit per bucket. */
export interface Band {
  readonly low: number;
  readonly typical: number;
  readonly high: number;
}

/** What an alert rests on, as plain data that a message is made of. Rates are in the metric's unit per bucket. */
export interface Finding {
  /** Position of the metric among the values. */
  readonly metric: number;
  /** The look-back in which the evidence is strongest. */
  readonly windowMs: number;
  /** Mean over the look-back. */
  readonly seen: number;
  /** The most that would have been usual; always less than what was seen. */
  readonly expected: number;
  /** What the look-back was held against. Absent: a rule that learns nothing. */
  readonly kind?: Comparison;
  /** How far it lies above where an alert begins, in decimal orders of magnitude of rarity. Absent: a rule, which is certain. */
  readonly margin?: number;
  /** Start of the alert, epoch ms. */
  readonly since: number;
  /** When the usage began that the finding rests on, as far as it is known; epoch ms. Absent: it rests on none. */
  readonly knownSince?: number;
}

export interface Answer {
  /** 0 to 1, monotone in the evidence; 0.5 is where an alert begins. */
  readonly score: number;
  /** Whether people are to be told now: after hours an alert that lasts is muted, until it is calm or clearly worse. */
  readonly alert: boolean;
  /** The strongest evidence so far, while the alert is on or muted. */
  readonly finding?: Finding;
  /** One per metric. */
  readonly expected: readonly Band[];
  /** Of the memory after this bucket. */
  readonly adoptedAt?: number;
}

/** All that a detector knows of one subject: what the next bucket is judged by. Plain data, never changed in place. */
export interface Memory {
  /** When the last bucket began that was folded into it; null: none was. */
  readonly lastAt: number | null;
  /** Start of the last bucket in which usage that had lasted since an alert became usual; absent: there was none, or it was unlearnt. */
  readonly adoptedAt?: number;
  /** Folds buckets in time order onto a copy; any cut into batches gives the same answers. */
  folder(settings: DetectorSettings): Folder;
  /** What follows is judged as though usage had been usual until now. */
  asUsual(): Memory;
  /** For the table. Throws TypeError for what could not be read back. */
  text(): string;
}

interface Folder {
  /** Throws RangeError for a bucket that is not newer than the last one, or has another number of values. */
  fold(observation: Observation): Answer;
  /** After the buckets folded so far. */
  memory(): Memory;
}

/** What tells stolen usage from usual usage. Pure: it sees nothing but what it is given, and knows no metric's meaning or unit. */
export interface Detector {
  /** Of a subject that it has never seen. */
  start(metrics: number): Memory;
  /** From what `text` gave, parsed. Throws TypeError, in plain words, for what cannot be its memory of what came before `foldedUntil`. */
  recall(stored: unknown, metrics: number, foldedUntil: number): Memory;
}

/** Each looks at every subject; what any of them finds is a finding. */
export const detectors: Readonly<Record<DetectorKind, Detector>> = { envelope };

/** The memories of several detectors of one subject, folded as one: the highest score; where several alert, the one that is listed first speaks. */
function together(memories: readonly Memory[]): FoldsAsOne {
  return {
    folder: (settings) => {
      const folders = memories.map((memory) => memory.folder(settings));
      return {
        fold: (observation) => {
          const answers = folders.map((folder) => folder.fold(observation));
          const speaker = answers.find(({ alert }) => alert) ?? answers.find(({ finding }) => finding !== undefined) ?? answers[0];
          if (speaker === undefined) throw new RangeError('there is no detector');
          return { ...speaker, score: Math.max(...answers.map(({ score }) => score)) };
        },
        memory: () => together(folders.map((folder) => folder.memory())),
      };
    },
  };
}

export interface FoldsAsOne {
  folder(settings: DetectorSettings): { fold(observation: Observation): Answer; memory(): FoldsAsOne };
}

/** Every detector, of a subject that none has ever seen. */
export function startAll(metrics: number): FoldsAsOne {
  return together(detectorKinds.map((kind) => detectors[kind].start(metrics)));
}
