import type { ApiKeyRecord, IncidentRecord, LastUseRecord } from '../../contract/records.ts';
import { hourMs } from '../foundation/clock.ts';
import { KeyguardError } from '../foundation/errors.ts';
import { clearAmong, record } from '../incidents/raise.ts';
import { echoMs } from '../incidents/states.ts';
import { reactivated } from './reactivated.ts';
import type { DetectionPorts } from './ports.ts';
import type { Until } from './recall.ts';

/** What a key showed this lately still is in the detector's windows. */
const latelyMs = hourMs;

export interface InactiveKeys {
  readonly records: readonly ApiKeyRecord[];
  readonly uses: readonly LastUseRecord[];
  /** Every managed key that has API keys, also one that is no longer configured. */
  readonly subjects: readonly string[];
}

export async function readInactiveKeys(ports: DetectionPorts): Promise<InactiveKeys> {
  const records = await ports.ledger.all();
  return { records, uses: await ports.usage.lastUses(), subjects: [...new Set(records.map((each) => each.managedKey))] };
}

/** Tokens on a key that should be inactive: no baseline is needed to call that wrong. */
export async function lookForReactivated(
  subject: string,
  { records, uses }: InactiveKeys,
  incidents: readonly IncidentRecord[],
  { visible }: Until,
  ports: DetectionPorts,
): Promise<void> {
  const own = records.filter((each) => each.managedKey === subject);
  // By the clock, a report that stands still would end what goes on unseen.
  const { sinceInactive, lately } = reactivated(own, uses, visible);
  if (lately.length === 0) await clearAmong(incidents, 'retired-key-used', subject, ports);
  // Each of them, or one that is used all the time would hide the others.
  for (const { apiKeyId, model, workspaceId, at, tokens } of sinceInactive) {
    const state = own.find((each) => each.apiKeyId === apiKeyId)?.state;
    const grade = state === 'contained' && (await showsInactive(apiKeyId, ports)) ? 'running' : 'used';
    const facts = { apiKeyId, model, workspaceId, startedAt: at, observed: tokens, grade };
    await record('retired-key-used', subject, { ...facts, ...(state === 'standby' ? { cause: { code: 'standby-key' } } : {}) }, ports);
  }
}

/** Where Anthropic cannot be asked, the key may be active: then it is told and cut off again. */
async function showsInactive(apiKeyId: string, { keys }: DetectionPorts): Promise<boolean> {
  try {
    const info = await keys.retrieve(apiKeyId);
    return info === 'gone' || info.status !== 'active';
  } catch (error) {
    if (error instanceof KeyguardError) return false;
    throw error;
  }
}

/**
 * Whether the busiest key of a managed key is one that was cut off: requests that it began before, such as a batch, go on. What it
 * showed until shortly after its cut is no sign of that.
 */
export async function isCarriedByCutKeys(subject: string, until: Until, ports: DetectionPorts): Promise<boolean> {
  const own = (await ports.ledger.all()).filter((each) => each.managedKey === subject);
  const lately = (await ports.usage.lastUses())
    .filter(({ at, tokens }) => tokens > 0 && at >= until.open - latelyMs)
    .flatMap((use) => own.filter(({ apiKeyId }) => apiKeyId === use.apiKeyId).map(({ state, since }) => ({ ...use, state, since })))
    .filter(({ state, since, at }) => state !== 'contained' || at >= since + echoMs);
  const [busiest] = lately.sort((a, b) => b.tokens - a.tokens);
  return busiest?.state === 'contained';
}
