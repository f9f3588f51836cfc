/**
 * Every custom metric that we publish. CloudWatch bills each name and dimension set, so there are few;
 * detail goes to structured logs. Dashboard and docs are drawn from this list.
 */
export const metricNamespace = 'KeyGuard';

/** The subject under which usage is counted that no managed key explains: playground, federated identities, unknown keys. */
export const unattributed = 'unattributed';

/** The subject of what is said of the usage report itself, and of no managed key. */
export const usageReport = 'usage-report';

/** The subject of what is said of all keys together. */
export const allKeys = 'all-keys';

/** Every subject that is no managed key. */
export const unmanagedSubjects: readonly string[] = [unattributed, usageReport, allKeys];

export interface MetricDefinition {
  readonly name: string;
  readonly unit: 'Count' | 'None' | 'Seconds';
  readonly meaning: string;
  /** Whether the detector watches it. */
  readonly watched: boolean;
}

/** Per managed key and minute; each datum is an exact delta, so the statistic to read is Sum. */
export const usageMetrics = {
  inputTokens: { name: 'InputTokens', unit: 'Count', meaning: 'uncached input and cache-creation tokens', watched: false },
  outputTokens: { name: 'OutputTokens', unit: 'Count', meaning: 'output tokens', watched: true },
  estimatedCostUsd: { name: 'EstimatedCost', unit: 'None', meaning: 'estimate in USD: tokens times the dated price table', watched: true },
} as const satisfies Record<string, MetricDefinition>;
export type UsageMetric = keyof typeof usageMetrics;

export const usageMetricNames = Object.keys(usageMetrics) as readonly UsageMetric[];
export const watchedMetrics = usageMetricNames.filter((name) => usageMetrics[name].watched);

/** Of the whole installation, without a managed key; the statistic to read is Maximum. */
export const usageDataAge = {
  name: 'UsageDataAge',
  unit: 'Seconds',
  meaning: 'how old the newest visible tokens of anybody in the organization are; of the installation, not of a key',
  watched: false,
} as const satisfies MetricDefinition;

export const dimensionNames = { installation: 'Installation', managedKey: 'ManagedKey' } as const;
export const metricPriceUsdPerMonth = 0.3;
