import type { CategoriesRecord, IncidentRecord, UsageCategory } from '../../contract/records.ts';
import { dayMs } from '../foundation/clock.ts';
import { clearAmong, record } from '../incidents/raise.ts';
import type { IncidentPorts } from '../incidents/ports.ts';

/** So long a key is known before anything about it is unfamiliar. */
const learningMs = 7 * dayMs;
/** So long something new is news; then it is usual. */
const newsMs = dayMs;

/** What a key uses for the first time, and has for less than a day (epoch ms), the newest last. Nothing in its first week. */
export function unfamiliarIn({ since, categories }: Pick<CategoriesRecord, 'since' | 'categories'>, now: number): readonly UsageCategory[] {
  return categories
    .filter(({ firstAt, notedAt }) => firstAt - since >= learningMs && now - notedAt < newsMs)
    .sort((a, b) => a.firstAt - b.firstAt);
}

/**
 * A model, tier or geography that a managed key never used may be somebody else's. It is told once and cuts nothing off: mostly it is a
 * release.
 */
export async function lookForUnfamiliar(
  subject: string,
  known: CategoriesRecord | undefined,
  incidents: readonly IncidentRecord[],
  now: number,
  ports: IncidentPorts,
): Promise<void> {
  const unfamiliar = known === undefined ? [] : unfamiliarIn(known, now);
  const [first] = unfamiliar;
  if (known === undefined || first === undefined) return clearAmong(incidents, 'usage-unfamiliar', subject, ports);
  const categories = unfamiliar.map(({ dimension, value }) => ({ dimension, value }));
  await record('usage-unfamiliar', subject, { startedAt: first.firstAt, knownSince: known.since, categories }, ports);
}
