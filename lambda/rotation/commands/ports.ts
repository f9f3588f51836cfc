import type { AuditRecord, PauseRecord } from '../../../contract/records.ts';
import type { Pauses, Rotations, RotationPorts } from '../ports.ts';

/** What the verbs of an operator need from outside: each of them names the part that it uses. */
export interface CommandPorts extends Pick<RotationPorts, 'ledger' | 'secrets' | 'keys' | 'clock'> {
  readonly pauses: Pauses & PauseWriter;
  readonly rotations: Rotations;
  readonly schedule: RotationSchedule;
  readonly audit: Audit;
  /** What people know of a rotation that failed. */
  readonly alarm: Pick<RotationPorts['alarm'], 'lasting'>;
  /** The versions of a secret that Secrets Manager still keeps, those without a label too: it prunes old ones of its own accord. */
  keptVersions(secretId: string): Promise<ReadonlySet<string>>;
  /** Has retirement do now what is due. Throws KeyguardError `function-missing`, or `function-failed` where it failed on a key. */
  retireNow(): Promise<void>;
}

/** The rotation schedule of a secret, as an operator stops it and lets it go on. */
export interface RotationSchedule {
  /** Secrets Manager keeps function and rules. A rotation that is under way is broken off, and may leave AWSPENDING behind. */
  stop(secretId: string): Promise<void>;
  /**
   * Turns the schedule on again with the function and the rules that Secrets Manager kept. `unfinished`: a rotation had not
   * ended, and is tried again. Throws KeyguardError `no-schedule` for a secret that never had one.
   */
  enable(secretId: string, from: 'now on' | 'the next window on', token?: string): Promise<'on' | 'unfinished'>;
}

interface PauseWriter {
  /** Throws `LostRace` when it is paused already. */
  begin(record: PauseRecord): Promise<void>;
  /** Throws `LostRace` when it is not paused. */
  end(managedKey: string): Promise<void>;
}

/** The history of managed keys. A step of an API key is written with the step itself, by the ledger. */
export interface Audit {
  /** What happened to a managed key since an instant (epoch ms), oldest first. */
  read(managedKey: string, since: number): Promise<readonly AuditRecord[]>;
  /** An operator's act on a managed key that moves no API key. */
  note(act: Pick<AuditRecord, 'managedKey' | 'cause' | 'by' | 'at'>): Promise<void>;
}
