/** How far a proof goes. */
export interface Extent {
  readonly seed: number;
  readonly short: boolean;
  /** Processes at a time. */
  readonly jobs: number;
  /** Hears of the progress. */
  readonly say: (text: string) => void;
}

/** What a suite of the proof showed. */
export interface Outcome {
  /** A table for people. */
  readonly text: string;
  /** The same for machines. */
  readonly data: unknown;
  /** Each with the command that shows it again. */
  readonly violations: readonly string[];
}
