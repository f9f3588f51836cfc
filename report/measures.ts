import { usageMetricNames, usageMetrics } from '../contract/metrics.ts';

const labels: Readonly<Record<string, string>> = {
  InputTokens: 'Input tokens',
  OutputTokens: 'Output tokens',
  EstimatedCost: 'Estimated cost',
};

/** The axis of a metric, by our name for it or by CloudWatch's. */
export function metricMeasure(metric: string): { readonly label: string; readonly unit: string } {
  const known = usageMetricNames.find((key) => key === metric || usageMetrics[key].name === metric);
  if (known === undefined) return { label: metric, unit: '' };
  const { name } = usageMetrics[known];
  return { label: labels[name] ?? metric, unit: known === 'estimatedCostUsd' ? 'USD' : 'tokens' };
}
