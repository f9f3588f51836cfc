import { alarmText } from '../../lambda/incidents/message/alarm-text.ts';
import { usageReport } from '../../contract/metrics.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { usageLedger } from '../../lambda/adapters/aws/usage-ledger.ts';
import type { OpenInstallation } from '../installation.ts';
import { instant } from '../output.ts';
import { unpricedText } from '../usage-text.ts';
import { checked, good, warning, type Answer, type Check } from './check.ts';

/** Whether usage is visible, and whether all of it has a price. */
export async function usageChecks(about: string, { table, clock }: OpenInstallation): Promise<readonly Check[]> {
  const usage = usageLedger(table, clock);
  return (
    await Promise.all([
      checked(about, 'usage', async () => {
        const blind = await incidentStore(table).find('usage-blind', usageReport);
        if (blind?.state === 'open')
          return notVisible(blind.since, blind.facts.cause === undefined ? undefined : alarmText(blind.facts.cause));
        const watermark = await usage.watermark();
        if (watermark === undefined) return good('usage was not read yet');
        if (watermark.failing !== undefined) return notVisible(watermark.failing.since, watermark.failing.reason);
        return good(`usage is known until ${instant(watermark.knownUntil)}`);
      }),
      checked(about, 'prices', async () => {
        const text = unpricedText(await usage.watermark());
        if (text === undefined) return good('everything that was used lately has a price');
        return warning(text, 'take a newer version of Key Guard; until then the estimated cost is too low');
      }),
    ])
  ).flat();
}

function notVisible(since: number, reason = 'see the log of the function in the output UsageCollectorFunctionName'): Answer {
  return warning(`usage is not visible since ${instant(since)}: ${reason}`, 'npx --no-install keyguard runbook usage-blind');
}
