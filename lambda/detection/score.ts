/**
 * Evidence as a score from 0 to 1: monotone, 0.5 where an alert begins, and apart for anything between once a day and once a century.
 * Evidence is in decimal orders of magnitude: 0 where the budget of false alarms is met exactly.
 */
export function scoreOf(evidence: number): number {
  return 1 / (1 + 10 ** (-0.7 * evidence));
}
