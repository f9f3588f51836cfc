import { calmMs, coolDownMs, hot, longCoolDownMs, moreThanBefore, muteAfterMs } from './parameters.ts';
import type { AlertState } from './state.ts';

/**
 * Moves the alert by the margin (decades, with the dial) of a bucket with a datum. It begins at 0, and ends after half an hour of calm. On for
 * eight hours it is muted until it is calm or clearly worse; after an alert a new one needs clearly more than the last, for four hours,
 * or for three days where it had lasted.
 */
export function moveAlert(alert: AlertState, at: number, intervalMs: number, margin: number, dial: number): void {
  if (alert.phase === 'calm') {
    const isCooling = alert.coolUntil !== null && at < alert.coolUntil;
    if (isCooling && margin >= hot) alert.coolUntil = Math.max(alert.coolUntil ?? at, at + coolDownMs);
    if (margin < 0 || (isCooling && margin < alert.peak + moreThanBefore)) return;
    Object.assign(alert, {
      phase: 'on',
      beganAt: at,
      onSince: at,
      calmSince: null,
      peak: margin,
      strongest: null,
    } satisfies Partial<AlertState>);
    return;
  }
  // With more than one alarm a month, calm is judged without the dial: else an alert would hardly end.
  if (margin >= hot + Math.max(0, Math.log10(dial))) alert.calmSince = null;
  else alert.calmSince ??= at;
  if (alert.calmSince !== null && at + intervalMs - alert.calmSince > calmMs) {
    const lasted = alert.calmSince - (alert.beganAt ?? at);
    alert.coolUntil = alert.calmSince + (lasted >= muteAfterMs ? longCoolDownMs : coolDownMs);
    alert.phase = 'calm';
    alert.calmSince = null;
    return;
  }
  if (alert.phase === 'on') {
    alert.peak = Math.max(alert.peak, margin);
    if (at - (alert.onSince ?? at) >= muteAfterMs) alert.phase = 'muted';
  } else if (margin >= alert.peak + moreThanBefore) {
    alert.phase = 'on';
    alert.onSince = at;
    alert.peak = margin;
  }
}
