import { dayMs, durationMs, hourMs } from './duration.ts';

export interface RotationWindow {
  /** Hour of the day, UTC, at which the window opens. */
  readonly startHour: number;
  /** Length in hours; it may not cross midnight UTC. */
  readonly hours: number;
}

/** What `AWS::SecretsManager::RotationSchedule` is told, and the longest time between two rotations that it allows. */
export interface RotationRules {
  readonly scheduleExpression: string;
  /** Length of the window, such as `4h`; without it a schedule in days may rotate at any time of the UTC day. */
  readonly duration?: string;
  readonly longestMs: number;
}

const hourlyIntervals = [4, 6, 8, 12];
const windowedDays = [1, 7, 30, 90];

/**
 * Says why Secrets Manager could not keep this schedule: `[problem, fix]`, or `undefined` when it can.
 * The rules: at least 4 h and at most 999 days apart; windows open on the hour, UTC, and never cross midnight UTC; a rate
 * in days always opens at midnight, so a chosen hour needs a cron expression, which only knows days, weeks and months.
 * Source: docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
 */
export function rotationRulesProblem(every: string, window: RotationWindow | undefined): readonly [string, string] | undefined {
  const everyMs = durationMs(every);
  if (everyMs < 4 * hourMs) return ['is more often than Secrets Manager can rotate', 'Give at least 4h.'];
  if (everyMs > 999 * dayMs) return ['is rarer than Secrets Manager can rotate', 'Give at most 999d.'];
  const days = everyMs / dayMs;
  if (window !== undefined && !windowedDays.includes(days)) {
    return [
      'cannot be combined with a window: with a chosen hour Secrets Manager knows days, weeks, months and quarters only',
      'Give 1d, 7d, 30d (once a calendar month) or 90d (once a quarter), or leave "window" out.',
    ];
  }
  if (!Number.isInteger(days) && !hourlyIntervals.includes(everyMs / hourMs)) {
    return ['is neither whole days nor a number of hours that divides a day', 'Give 4h, 6h, 8h, 12h or whole days such as 30d.'];
  }
  return undefined;
}

/**
 * The schedule of one managed key. `spreadBy` (the key's full name) decides weekday, day of the month or first hour, so
 * that a fleet does not rotate in one moment: github.com/googleapis/repo-automation-bots/issues/4698. A rate in days has
 * no such choice, and needs none: Secrets Manager picks any time of the UTC day, and retries while that window is open.
 *
 * @throws Error for a schedule that `rotationRulesProblem` refuses.
 */
export function rotationRules(every: string, window: RotationWindow | undefined, spreadBy: string): RotationRules {
  const problem = rotationRulesProblem(every, window);
  if (problem !== undefined) throw new Error(`rotation every ${every} ${problem[0]}: ${problem[1]}`);
  if (window !== undefined) return windowedRules(every, window, spreadBy);
  const everyMs = durationMs(every);
  const days = everyMs / dayMs;
  if (Number.isInteger(days)) return { scheduleExpression: `rate(${days} ${days === 1 ? 'day' : 'days'})`, longestMs: everyMs };
  const hours = everyMs / hourMs;
  return { scheduleExpression: `cron(0 ${spread(spreadBy, hours)}/${hours} * * ? *)`, duration: '1h', longestMs: everyMs };
}

function windowedRules(every: string, window: RotationWindow, spreadBy: string): RotationRules {
  const everyMs = durationMs(every);
  const at = `0 ${window.startHour}`;
  const duration = `${window.hours}h`;
  // Days 1 to 28 exist in every month.
  const dayOfMonth = 1 + spread(spreadBy, 28);
  switch (everyMs / dayMs) {
    case 1:
      return { scheduleExpression: `cron(${at} * * ? *)`, duration, longestMs: everyMs };
    case 7:
      return { scheduleExpression: `cron(${at} ? * ${1 + spread(spreadBy, 7)} *)`, duration, longestMs: everyMs };
    case 30:
      return { scheduleExpression: `cron(${at} ${dayOfMonth} * ? *)`, duration, longestMs: 31 * dayMs };
    case 90:
      return {
        scheduleExpression: `cron(${at} ${dayOfMonth} ${1 + spread(`${spreadBy} month`, 3)}/3 ? *)`,
        duration,
        longestMs: 92 * dayMs,
      };
    default:
      throw new Error(`no windowed schedule for ${every}`);
  }
}

/** A number from 0 to `choices - 1` that depends on the text alone (FNV-1a), so that adding a key moves no other key. */
function spread(text: string, choices: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % choices;
}
