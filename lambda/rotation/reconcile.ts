import type { ApiKeyRecord } from '../../contract/records.ts';
import { causeText } from '../incidents/message/cause-text.ts';
import type { Snapshot } from './conditions.ts';
import { begin, refusedIn, type Outcome } from './execute.ts';
import { planKey, type PlannedStep } from './plan.ts';
import type { RetirementPorts } from './ports.ts';

export interface RetirementTally {
  retired: number;
  archived: number;
  returned: number;
  putToSleep: number;
  waiting: number;
  resumed: number;
  failed: number;
}

/** A proof that is still owed, and the record that follows it: it takes up to a minute where Anthropic does not answer. */
export type OwedProof = () => Promise<void>;

/** Takes one API key a step further, as the plan says, and answers what is owed then. */
export async function reconcileKey(
  record: ApiKeyRecord,
  snapshot: Snapshot,
  ports: RetirementPorts,
  tally: RetirementTally,
): Promise<OwedProof | undefined> {
  const planned = await plannedFor(record, snapshot, ports);
  const { step } = planned;
  if (step.do !== 'act') {
    tell(planned, undefined, ports, tally);
    return undefined;
  }
  const actor = { by: 'retirement', prove: refusedIn(snapshot.definition.secretName, ports) };
  const finish = await begin(record, step, actor, ports);
  const finishAndTell = async (): Promise<void> => tell(planned, await finish(), ports, tally);
  if (step.proof !== undefined) return finishAndTell;
  await finishAndTell();
  return undefined;
}

/** A second look at the key is made at most once: with it, the plan waits for none. */
async function plannedFor(record: ApiKeyRecord, snapshot: Snapshot, { keys }: RetirementPorts): Promise<PlannedStep> {
  const first = planKey(record, snapshot);
  if (first.step.do !== 'look') return first;
  const info = await keys.retrieve(record.apiKeyId);
  return planKey(record, snapshot, info === 'gone' ? 'gone' : info.status);
}

function tell(
  { record, step, log, counts }: PlannedStep,
  outcome: Outcome | undefined,
  ports: RetirementPorts,
  tally: RetirementTally,
): void {
  if (outcome?.done === false) return;
  if (counts !== undefined) tally[counts] += 1;
  if (log === undefined) return;
  const { apiKeyId, managedKey, state } = record;
  if (log !== 'retirement.retired') ports.log.warn(log, { apiKeyId, managedKey, state });
  else if (step.do === 'act' && step.intent !== undefined)
    ports.log.info(log, { managedKey, apiKeyId, because: causeText(step.intent.cause), death: outcome?.revocation });
}
