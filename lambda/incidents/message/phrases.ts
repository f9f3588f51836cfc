import { usageMetricNames, usageMetrics, type UsageMetric } from '../../../contract/metrics.ts';
import { minuteMs, utcMinute } from '../../foundation/clock.ts';
import { counted } from '../../foundation/counted.ts';
import { redact } from '../../foundation/redact.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', minimumFractionDigits: 2, maximumFractionDigits: 4 });

/** `$3.20`. */
export function dollarsAndCents(usd: number): string {
  return cents.format(usd);
}

/** A length of time in its two largest units that are not zero: `18 minutes`, `2 hours 5 minutes`, `3 days`. */
export function lasting(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / minuteMs));
  if (minutes === 0) return 'less than a minute';
  const parts = [
    [Math.floor(minutes / 1440), 'day'],
    [Math.floor(minutes / 60) % 24, 'hour'],
    [minutes % 60, 'minute'],
  ] as const;
  const first = parts.findIndex(([count]) => count !== 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count !== 0)
    .map(([count, unit]) => counted(count, unit))
    .join(' ');
}

/** `2026-06-10 14:03 UTC (18 minutes ago)`. */
export function sinceWhen(since: number, at: number): string {
  return `${utcMinute(since)} (${lasting(at - since)} ago)`;
}

/** The measure in a person's words; the contract's metrics are all per minute. */
export function measureName(metric: string): string {
  return knownMeasure(metric)?.label ?? plain(metric, 60);
}

/** `48,200 output tokens a minute`, `$0.42 a minute (estimate)`, and the look-back of which it is the mean, where that is known: ` over 5 minutes`. */
export function quantity(metric: string, value: number, windowMs?: number): string {
  const known = knownMeasure(metric);
  const over =
    windowMs === undefined
      ? ''
      : ` over ${lasting(windowMs).replace(/^1 (hour|day)$/, (_, unit) => (unit === 'hour' ? 'an hour' : 'a day'))}`;
  if (known?.money === true) return `${dollars.format(value)} a minute${over} (estimate)`;
  return `${known === undefined && value < 100 ? oneDigit.format(value) : whole.format(value)} ${measureName(metric)} a minute${over}`;
}

/** Where no measure is named, it is all tokens of the last minute that showed any. */
export function tokensInMinute(tokens: number): string {
  return `${whole.format(tokens)} ${tokens === 1 ? 'token' : 'tokens'} in its last busy minute`;
}

/** The number alone, for where the measure was just named. */
export function amount(metric: string, value: number): string {
  return knownMeasure(metric)?.money === true ? dollars.format(value) : whole.format(value);
}

/** `23 times`, `1.4 times`; below the usual `a third` would mislead, so `0.3 times`; nothing to compare with: undefined. */
export function times(observed: number, expected: number): string | undefined {
  if (!(expected > 0) || !Number.isFinite(observed)) return undefined;
  const ratio = observed / expected;
  if (ratio >= 10_000) return 'over 10,000 times';
  return `${ratio >= 10 ? whole.format(ratio) : oneDigit.format(ratio)} times`;
}

/**
 * Text from outside as one line: no control characters, no line breaks, nothing that looks like a credential,
 * at most `limit` characters.
 */
export function plain(text: string, limit = 300): string {
  const line = redact(text)
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= limit
    ? line
    : `${line
        .slice(0, limit - 3)
        .replace(/[\ud800-\udbff]$/, '')
        .trimEnd()}...`;
}

/** The text as the end of a sentence: no full stop of its own. */
export function clause(text: string): string {
  return plain(text).replace(/[.!\s]+$/, '');
}

const labels = {
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  estimatedCostUsd: 'estimated cost',
} as const satisfies Record<UsageMetric, string>;

/** By our name or by CloudWatch's. */
function knownMeasure(metric: string): { readonly label: string; readonly money: boolean } | undefined {
  const key = usageMetricNames.find((name) => name === metric || usageMetrics[name].name === metric);
  return key === undefined ? undefined : { label: labels[key], money: key === 'estimatedCostUsd' };
}
