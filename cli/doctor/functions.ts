import { functionsOf, type HeartbeatDefinition } from '../../contract/heartbeat.ts';
import { homeOf } from '../../contract/names.ts';
import { functionOutput } from '../../contract/outputs.ts';
import type { ScheduledFunction } from '../../contract/registry.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { lambda } from '../../lambda/adapters/aws/clients.ts';
import { detectionMemory } from '../../lambda/adapters/aws/detection-memory.ts';
import { functionPolicy } from '../../lambda/adapters/aws/function-settings.ts';
import { runs, type Run } from '../../lambda/adapters/aws/runs.ts';
import { usageLedger } from '../../lambda/adapters/aws/usage-ledger.ts';
import { dayMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { heartbeatPauseMs, overdueBeat } from '../../lambda/usage/blind.ts';
import { readLook } from '../../lambda/detection/recall.ts';
import type { OpenInstallation } from '../installation.ts';
import { counted, instant, lengthText } from '../output.ts';
import { askForNothing } from '../verify-standby.ts';
import { broken, checked, good, warning, type Answer, type Check } from './check.ts';
import { letsInvoke } from './policies.ts';

/** Each schedule's beat, and some beats more. */
const collectorMs = 10 * minuteMs;
const retirementMs = 15 * minuteMs;
/** The detector looks at idle keys every 15 minutes. */
const detectorMs = 35 * minuteMs;

const rotates = 'secretsmanager.amazonaws.com';

/**
 * Whether the scheduled functions ran lately: a schedule that is off, or a function that fails, shows in what it writes. The
 * rotation function has no schedule of its own, so it is asked for nothing, and its policy is read.
 */
export async function functionChecks(about: string, installation: OpenInstallation): Promise<readonly Check[]> {
  const { table, clock, configuration } = installation;
  const { heartbeat } = configuration.usage;
  const usage = usageLedger(table, clock);
  const memory = detectionMemory(table, usage);
  const now = clock.now();
  /** Each in its own way: by what it writes when it has run. */
  const looks: Readonly<Record<ScheduledFunction, readonly [check: string, look: () => Promise<Answer>]>> = {
    'usage-collector': ['collector', async () => ran((await usage.watermark())?.readAt, collectorMs, 'usage-collector', now)],
    'anomaly-detector': [
      'detector',
      async () => {
        if ((await memory.moved()).size === 0) return good('no usage was published yet, so there is nothing to look at');
        const looked = [...(await memory.looks())].map(([subject, look]) => readLook(subject, look, now).lookedAt);
        return ran(Math.max(0, ...looked), detectorMs, 'anomaly-detector', now);
      },
    ],
    retirement: ['retirement', async () => retired(await runs(table).last('retirement'), now)],
    heartbeat: [
      'heartbeat',
      () => (heartbeat === undefined ? Promise.resolve(good('keyguard.json asks for none')) : beats(heartbeat, installation)),
    ],
  };
  const there: readonly string[] = functionsOf(configuration.usage);
  const scheduled = Object.entries(looks).flatMap(([name, look]) => (there.includes(name) ? [checked(about, ...look)] : []));
  return (await Promise.all([...scheduled, ...rotationChecks(about, installation)])).flat();
}

function rotationChecks(about: string, installation: OpenInstallation): readonly Promise<readonly Check[]>[] {
  const { rotation } = installation.definition.functions;
  return [
    checked(about, 'rotation function', async () => {
      await askForNothing(installation);
      return good('it runs, and reads the managed keys and the state table');
    }),
    checked(about, 'rotation permission', async () => {
      if (letsInvoke(await functionPolicy(lambda(), rotation), rotates)) return good('Secrets Manager may call the rotation function');
      return broken(
        `Secrets Manager may not call ${rotation}: no rotation can begin`,
        `aws lambda add-permission --function-name ${rotation} --statement-id SecretsManagerMayRotate --action lambda:InvokeFunction ` +
          `--principal ${rotates} --source-account ${homeOf(installation.definition.alertTopicArn)?.account ?? ''}`,
      );
    }),
  ];
}

/** Whether it sends shows in what its function notes, and whether the report moves in the tokens of its key. */
async function beats({ managedKey }: HeartbeatDefinition, { table, clock }: OpenInstallation): Promise<Answer> {
  const usage = usageLedger(table, clock);
  const now = clock.now();
  const [records, uses, sent] = await Promise.all([apiKeyLedger(table).all(), usage.lastUses(), usage.beats(now - 14 * dayMs, now)]);
  const own = new Set(records.filter((record) => record.managedKey === managedKey).map(({ apiKeyId }) => apiKeyId));
  const seenAt = Math.max(0, ...uses.filter(({ apiKeyId }) => own.has(apiKeyId)).map(({ at }) => at));
  return beatAnswer(managedKey, sent, seenAt, now);
}

function beatAnswer(managedKey: string, sent: readonly number[], seenAt: number, now: number): Answer {
  const seen = seenAt === 0 ? 'none of its tokens was seen yet' : `its tokens were last seen ${instant(seenAt)}`;
  const sentAt = sent.at(-1);
  if (seenAt > 0 && now - seenAt <= heartbeatPauseMs) return good(seen);
  const status = `npx --no-install keyguard status ${managedKey}`;
  const log = 'look at the log of the function in the output HeartbeatFunctionName';
  if (sentAt === undefined) {
    const fix = `it needs a current key: npx --no-install keyguard rotate ${managedKey}, which says what to do where it has no key to take; after two hours, ${log}`;
    return broken(`Anthropic has taken no request of it, and ${seen}`, fix);
  }
  const since = `Anthropic last took a request of it ${instant(sentAt)}`;
  if (now - sentAt > heartbeatPauseMs) {
    return broken(`${since}, and it should send one each hour`, `see whether its key works: ${status}; then ${log}`);
  }
  if (overdueBeat(sent, seenAt, now) === undefined) return good(`${since}; ${seen}`);
  return broken(`${since}, and ${seen}: the usage report stands still`, 'npx --no-install keyguard runbook usage-blind');
}

function retired(run: Run | undefined, now: number): Answer {
  const answer = ran(run?.at, retirementMs, 'retirement', now);
  if (answer.state !== 'ok' || run === undefined || run.failed === 0) return answer;
  return warning(
    `${answer.what}, and failed on ${counted(run.failed, 'key')}`,
    'look for retirement.failed in the log of the function in the output RetirementFunctionName; it is tried again every five minutes',
  );
}

function ran(at: number | undefined, withinMs: number, name: ScheduledFunction, now: number): Answer {
  const fix = `enable its schedule in the AWS console (EventBridge > Schedules), and look at the log of the function in the output ${functionOutput(name)}`;
  if (at === undefined || at === 0)
    return broken('it has never come to its end', `after a first deployment wait some minutes; else ${fix}`);
  if (now - at <= withinMs) return good(`it ran ${instant(at)}`);
  return broken(`it last ran ${instant(at)}, and should run within ${lengthText(withinMs)}`, fix);
}
