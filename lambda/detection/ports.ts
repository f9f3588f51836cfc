import type { BaselineRecord, LookRecord, MovedRecord, WatermarkRecord } from '../../contract/records.ts';
import type { ContainmentPorts } from '../incidents/ports.ts';
import type { Observation } from './detectors/rate.ts';

export interface UsageSeries {
  /** The watched metrics of a subject in [from, to), a bucket a minute, only minutes that hold data, in time order. */
  read(subject: string, from: number, to: number): Promise<readonly Observation[]>;
}

export interface DetectionMemory {
  watermark(): Promise<WatermarkRecord | undefined>;
  moved(): Promise<readonly MovedRecord[]>;
  looks(): Promise<readonly LookRecord[]>;
  look(record: LookRecord): Promise<void>;
  baseline(subject: string): Promise<BaselineRecord | undefined>;
  remember(record: BaselineRecord): Promise<void>;
}

export interface DetectionPorts extends ContainmentPorts {
  readonly series: UsageSeries;
  readonly memory: DetectionMemory;
  /** Expected false alarms a month for the whole fleet. */
  readonly falseAlarmsPerMonth: number;
}
