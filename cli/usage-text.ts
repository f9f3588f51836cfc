import type { WatermarkRecord } from '../contract/records.ts';
import { hourMs } from '../lambda/foundation/clock.ts';
import { catchUpMs } from '../lambda/usage/watermark.ts';
import { instant } from './output.ts';

/** The feed is about five minutes late; an hour is an outage. */
const staleMs = hourMs;

/** How far usage is known, in plain words, and what follows where that is not far enough. */
export function usageText(watermark: WatermarkRecord | undefined, now: number): string {
  if (watermark === undefined) return 'Usage was not read yet: the collector runs each minute and is about five minutes late.';
  const { knownUntil, tokensUntil, resumed } = watermark;
  const known = `Usage is known until ${instant(knownUntil)}.`;
  if (now - knownUntil > staleMs) {
    return `${known} The collector is behind: look at the log group of the output UsageCollectorFunctionName.`;
  }
  if (now - tokensUntil <= staleMs) {
    if (resumed === undefined) return known;
    const due = instant(resumed.at + catchUpMs);
    return `${known} The usage report goes on after an unusual pause, and what the pause hid may still come: until ${due} old keys do not retire by silence.`;
  }
  const since = tokensUntil === 0 ? 'were ever visible' : `are visible since ${instant(tokensUntil)}`;
  return `${known} No tokens of anybody in the organization ${since}, so that silence proves nothing: old keys wait for later tokens, or for their maximum grace.`;
}

/** What was used lately and has no price; undefined where there is nothing. */
export function unpricedText(watermark: WatermarkRecord | undefined): string | undefined {
  const unpriced = Object.keys(watermark?.unpriced ?? {});
  return unpriced.length === 0 ? undefined : `no price is known of ${unpriced.join(', ')}, and the estimated cost leaves it out`;
}
