import { detectionMemory } from '../../lambda/adapters/aws/detection-memory.ts';
import { runs } from '../../lambda/adapters/aws/runs.ts';
import { usageLedger } from '../../lambda/adapters/aws/usage-ledger.ts';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import type { OpenInstallation } from '../installation.ts';
import { instant, lengthText } from '../output.ts';
import { broken, checked, good, type Answer, type Check } from './check.ts';

/** Each schedule's beat, and some beats more. */
const collectorMs = 10 * minuteMs;
const retirementMs = 15 * minuteMs;
/** The detector looks at idle keys every 15 minutes. */
const detectorMs = 35 * minuteMs;

/** Whether the scheduled functions ran lately: a schedule that is off, or a function that fails, shows in what it writes. */
export async function functionChecks(about: string, { table, clock, definition }: OpenInstallation): Promise<readonly Check[]> {
  const usage = usageLedger(table);
  const memory = detectionMemory(table, usage);
  const now = clock.now();
  return (
    await Promise.all([
      checked(about, 'collector', async () => ran((await usage.watermark())?.readAt, collectorMs, 'UsageCollectorFunctionName', now)),
      checked(about, 'detector', async () => {
        if ((await memory.moved()).length === 0) return good('no usage was published yet, so there is nothing to look at');
        return ran(Math.max(0, ...(await memory.looks()).map((look) => look.lookedAt)), detectorMs, 'AnomalyDetectorFunctionName', now);
      }),
      checked(about, 'retirement', async () => ran(await runs(table).last('retirement'), retirementMs, 'RetirementFunctionName', now)),
      checked(about, 'functions', async () => {
        const { rotation, retirement } = definition.functions;
        if (rotation !== '' && retirement !== '') return good(`an operator may ask ${rotation} and ${retirement}`);
        return broken('the installation does not say which functions an operator may ask', 'deploy again: npx cdk deploy');
      }),
    ])
  ).flat();
}

function ran(at: number | undefined, withinMs: number, output: string, now: number): Answer {
  const fix = `enable its schedule in the AWS console (EventBridge > Schedules), and look at the log of the function in the output ${output}`;
  if (at === undefined || at === 0)
    return broken('it has never come to its end', `after a first deployment wait some minutes; else ${fix}`);
  if (now - at <= withinMs) return good(`it ran ${instant(at)}`);
  return broken(`it last ran ${instant(at)}, and should run within ${lengthText(withinMs)}`, fix);
}
