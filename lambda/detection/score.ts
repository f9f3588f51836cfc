/**
 * Evidence (decimal orders of magnitude by which the key's own rate of such residuals lies below the budget) as a score
 * from 0 to 1: monotone, 0.5 where an alert begins, and far from both ends for anything between once a day and once a century.
 */
export function scoreOf(evidence: number): number {
  return 1 / (1 + 10 ** (-0.7 * evidence));
}
