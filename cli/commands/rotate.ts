import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { secretVersions } from '../../lambda/adapters/aws/secret-versions.ts';
import { chooseStandby } from '../../lambda/rotation/claim.ts';
import type { CliIo, Command } from '../command.ts';
import { rotateAndFollow, type RotationOutcome } from '../follow.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { instant, isoOrNull, json, lengthText, line, progress } from '../output.ts';
import { graceText } from '../previous-key.ts';
import { confirmed } from '../prompt.ts';

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
  report(definition, await rotateAndFollow(definition, installation, (sentence) => progress(sentence, io)), flags, io);
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

function report(definition: ManagedKeyDefinition, outcome: RotationOutcome, flags: Flags, io: CliIo): void {
  const { name, rotation } = definition;
  switch (outcome.outcome) {
    case 'rotated': {
      const { current, previous, versionId } = outcome;
      const switchedAt = previous?.switchedAt ?? current.since;
      if (flags.json === true) {
        const old =
          previous === undefined
            ? null
            : { apiKeyId: previous.apiKeyId, hint: previous.hint, validAtLeastUntil: isoOrNull(switchedAt + rotation.minimumGraceMs) };
        json(
          { managedKey: name, apiKeyId: current.apiKeyId, hint: current.hint, since: isoOrNull(current.since), versionId, previous: old },
          io,
        );
        return;
      }
      line(`${name} rotated: ${current.apiKeyId} (${current.hint}) is current since ${instant(current.since)}.`, io);
      if (previous !== undefined) line(`The previous key ${previous.apiKeyId} stays ${graceText(rotation, switchedAt)}.`, io);
      return;
    }
    case 'failed': {
      // The function writes both into one field, because the alert has one.
      const [what = 'see the log of the rotation function', next] = outcome.reason?.split('. Next step: ') ?? [];
      return io.fail(
        `the rotation of ${name} failed: ${what}`,
        `${next ?? 'see docs/runbooks/rotation-failed.md'}. The key that was current still is; Secrets Manager tries again by itself`,
        1,
      );
    }
    case 'timed out':
      return io.fail(
        `the rotation of ${name} did not finish within ${lengthText(outcome.afterMs)}`,
        `it goes on without us: npx keyguard status ${name}, and the log group of the output RotationFunctionName`,
        1,
      );
  }
}
