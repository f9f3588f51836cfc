import type { ApiKeyRecord } from '../contract/records.ts';
import { apiKeyLedger } from '../lambda/adapters/aws/api-key-ledger.ts';
import { lambdaThatWaits } from '../lambda/adapters/aws/clients.ts';
import { invoke } from '../lambda/adapters/aws/invoke.ts';
import { minuteMs } from '../lambda/foundation/clock.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import type { OpenInstallation } from './installation.ts';

const deadlineMs = 2 * minuteMs;
const beatMs = 5_000;
/** The schedule's own run may hold the key this moment. */
const askAgainMs = minuteMs / 2;

/** Asks the retirement function to do now what is due; a key that it failed on is no reason to stop. Throws KeyguardError `function-missing`. */
export async function retireNow({ definition }: OpenInstallation, say: (sentence: string) => void): Promise<void> {
  try {
    await invoke(lambdaThatWaits(), definition.functions.retirement, {});
  } catch (error) {
    if (!(error instanceof KeyguardError) || error.code === 'function-missing') throw error;
    say(`Retirement is not done with everything yet: ${error.message}`);
  }
}

/**
 * Asks for retirement until each of these keys is off and the records say so, for two minutes at the most. Answers those that
 * are still on: retirement's own schedule goes on with them, unless somebody deleted the function (`goesOn`).
 */
export async function retireUntilOff(
  apiKeyIds: readonly string[],
  installation: OpenInstallation,
  say: (sentence: string) => void,
): Promise<{ readonly off: readonly ApiKeyRecord[]; readonly on: readonly ApiKeyRecord[]; readonly goesOn: boolean }> {
  const { table, clock } = installation;
  const deadline = clock.now() + deadlineMs;
  let askedAt = Number.NEGATIVE_INFINITY;
  let goesOn = true;
  for (;;) {
    const records = (await apiKeyLedger(table).all()).filter((record) => apiKeyIds.includes(record.apiKeyId));
    const isOn = ({ state }: ApiKeyRecord): boolean => state === 'current' || state === 'draining' || state === 'pending';
    const on = records.filter(isOn);
    if (on.length === 0 || clock.now() >= deadline || !goesOn) return { on, off: records.filter((record) => !isOn(record)), goesOn };
    if (clock.now() - askedAt >= askAgainMs) {
      askedAt = clock.now();
      goesOn = await isThere(() => retireNow(installation, say));
      continue;
    }
    await clock.pause(beatMs);
  }
}

async function isThere(ask: () => Promise<void>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    if (error instanceof KeyguardError && error.code === 'function-missing') return false;
    throw error;
  }
}
