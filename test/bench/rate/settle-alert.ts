/** Ten times the budget's rate is calm again. */
const calmEvidence = -1;
/** Half an hour of calm ends an alert: shorter pauses belong to the same theft. */
const calmMs = 30 * 60_000;

export interface AlertState {
  /** Start of the alert, epoch ms; null while there is none. */
  alertSince: number | null;
  /** Start of the calm that will end it; null while there is evidence. */
  calmSince: number | null;
}

/** Moves the alert: it begins with enough evidence, and ends when there has been clearly less for long enough. */
export function settleAlert(state: AlertState, at: number, evidence: number): void {
  if (state.alertSince === null) {
    if (evidence < 0) return;
    state.alertSince = at;
    state.calmSince = null;
    return;
  }
  if (evidence >= calmEvidence) state.calmSince = null;
  else state.calmSince ??= at;
  if (state.calmSince === null || at - state.calmSince < calmMs) return;
  state.alertSince = null;
  state.calmSince = null;
}
