import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { secretVersions } from '../../lambda/adapters/aws/secret-versions.ts';
import { chooseStandby } from '../../lambda/rotation/claim.ts';
import type { CliIo, Command } from '../command.ts';
import { rotateAndFollow } from '../follow.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { json, lengthText, line, progress } from '../output.ts';
import { confirmed } from '../prompt.ts';
import { currentSince, rotatedJson, rotatedOrFail, sayPrevious } from '../rotation-outcome.ts';

interface Flags extends InstallationFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** `keyguard rotate NAME`. */
export const rotate: Command = {
  name: 'rotate',
  summary: 'Rotate a managed key now',
  register: (program, io) => {
    withInstallation(program.command(rotate.name))
      .summary(rotate.summary)
      .description(
        'Asks Secrets Manager to rotate now, and follows until the new key is current or the rotation failed. The old key stays valid ' +
          'for its grace.',
      )
      .argument('<name>', 'the managed key, as keyguard.json names it')
      .option('--yes', 'do not ask')
      .option('--dry-run', 'say what would happen, and change nothing')
      .action((name: string, flags: Flags) => run(name, flags, io));
  },
};

async function run(name: string, flags: Flags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const plan = await planOf(definition, installation);
  if (flags.dryRun === true) {
    showPlan(definition, plan, flags, io);
    return;
  }
  // Secrets Manager would fail, tell people and try again for hours: better not to begin.
  if (plan.next === undefined) io.fail(`${name} cannot rotate: ${plan.because}`, fixOf(definition), 1);
  if (flags.yes !== true && !(await confirmed(`Rotate ${name} now? ${planText(plan, definition)}`, io))) {
    io.fail('not rotated', 'nothing was changed', 1);
  }
  const outcome = await rotateAndFollow(definition, installation, (sentence) => progress(sentence, io));
  const rotated = rotatedOrFail(definition, outcome, io);
  if (flags.json === true) {
    json(rotatedJson(definition, rotated), io);
    return;
  }
  line(`${name} rotated: ${currentSince(rotated)}.`, io);
  sayPrevious(definition, rotated, io);
}

interface Plan {
  /** The key that would become current; undefined where there is none. */
  readonly next: ApiKeyRecord | undefined;
  readonly because: string;
  readonly current: ApiKeyRecord | undefined;
}

/** What a rotation would do at this moment, by the rules of the rotation itself. */
async function planOf(definition: ManagedKeyDefinition, { table, secrets, clock }: OpenInstallation): Promise<Plan> {
  const records = await apiKeyLedger(table).all();
  const { stages } = await secretVersions(secrets).describe(definition.secretArn);
  const own = records.filter((record) => record.managedKey === definition.name);
  const current = own.find((record) => record.state === 'current');
  const claimed = own.find((record) => record.state === 'pending' && stages.get(record.token ?? '')?.includes('AWSPENDING') === true);
  if (claimed !== undefined) return { next: claimed, because: 'a rotation that is under way has claimed it', current };
  const choice = chooseStandby(records, definition, clock.now());
  if (choice.claim === 'none') return { next: undefined, because: choice.because, current };
  return { next: choice.claim, because: 'it is the oldest standby key that lives long enough', current };
}

function showPlan(definition: ManagedKeyDefinition, plan: Plan, flags: Flags, io: CliIo): void {
  const { name } = definition;
  if (flags.json === true) {
    json({ managedKey: name, wouldClaim: plan.next?.apiKeyId ?? null, because: plan.because, current: plan.current?.apiKeyId ?? null }, io);
    return;
  }
  if (plan.next === undefined) {
    line(`A rotation of ${name} would fail: ${plan.because}. To mend that, ${fixOf(definition)}`, io);
  } else {
    line(`A rotation of ${name} would do this: ${planText(plan, definition)}`, io);
  }
  line('Nothing was changed.', io);
}

function planText({ next, because, current }: Plan, { rotation }: ManagedKeyDefinition): string {
  const claim = `${next?.apiKeyId ?? ''} becomes current (${because}).`;
  if (current === undefined) return claim;
  return `${claim} ${current.apiKeyId} stays valid for at least ${lengthText(rotation.minimumGraceMs)}.`;
}

function fixOf({ name, workspaceId }: ManagedKeyDefinition): string {
  return `make a key in the Claude Console (workspace ${workspaceId}), then: npx keyguard standby add ${name}`;
}
