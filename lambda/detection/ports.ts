import type { BaselineAge, BaselineRecord, CategoriesRecord, LookRecord, WatermarkRecord } from '../../contract/records.ts';
import type { DetectorKind } from '../../contract/registry.ts';
import type { UsageLedger } from '../usage/ports.ts';
import type { ContainmentPorts } from '../incidents/ports.ts';
import type { Observation } from './detectors.ts';
import type { ZoneOffset } from './time-zone.ts';

export interface UsageSeries {
  /** The watched metrics of a subject in [from, to), a bucket a minute, only minutes that hold data, in time order. Epoch ms. */
  read(subject: string, from: number, to: number): Promise<readonly Observation[]>;
}

/** What is read is as it was stored: whoever reads it checks it. */
export interface DetectionMemory {
  watermark(): Promise<WatermarkRecord | undefined>;
  /** `movedAt` by subject. */
  moved(): Promise<ReadonlyMap<string, unknown>>;
  /** Look records by subject. */
  looks(): Promise<ReadonlyMap<string, unknown>>;
  look(record: LookRecord): Promise<void>;
  /** What categories of usage are known, by managed key. */
  categories(): Promise<ReadonlyMap<string, CategoriesRecord>>;
  baseline(kind: DetectorKind, age: BaselineAge, subject: string): Promise<unknown>;
  remember(kind: DetectorKind, age: BaselineAge, record: BaselineRecord): Promise<void>;
}

export interface DetectionPorts extends ContainmentPorts {
  /** The exact totals; throws for a quarter that cannot be read. */
  readonly exact: Pick<UsageLedger, 'quarters'>;
  /** The same as it is judged. */
  readonly series: UsageSeries;
  /** What CloudWatch shows; a value below zero is what somebody else wrote. */
  readonly metrics: UsageSeries;
  readonly memory: DetectionMemory;
  /** Expected false alarms a month for the whole fleet. */
  readonly falseAlarmsPerMonth: number;
  /** The clocks by which a subject's usage is learnt. */
  readonly zoneOf: (subject: string) => ZoneOffset;
}
