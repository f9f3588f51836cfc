import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { incidentStore } from '../../lambda/adapters/aws/incident-store.ts';
import { readSchedule, rotations } from '../../lambda/adapters/aws/secret-versions.ts';
import { systemClock } from '../../lambda/foundation/clock.ts';
import { chooseStandby } from '../../lambda/rotation/claim.ts';
import { versionWith } from '../../lambda/rotation/switch.ts';
import type { CliIo, Command } from '../command.ts';
import { managedKey, openInstallation, withInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { instant, json, line, progress } from '../output.ts';
import { confirmed } from '../prompt.ts';
import type { ManagedKeyDefinition } from '../../contract/policy.ts';

interface Flags extends InstallationFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Longer than the function's own time-out of five minutes. */
const deadlineMs = 6 * 60_000;
const beatMs = 2_000;

/** `keyguard rotate NAME`. */
export const rotate: Command = {
  name: 'rotate',
  summary: 'Rotate a managed key now',
  register: (program, io) => {
    withInstallation(program.command(rotate.name))
      .summary(rotate.summary)
      .description('Asks Secrets Manager to rotate, and follows until AWSCURRENT has moved. The old key stays valid for its grace.')
      .argument('<managed key>', 'name from keyguard.json')
      .option('--yes', 'do not ask')
      .option('--dry-run', 'say what would happen, and change nothing')
      .action((name: string, flags: Flags) => run(name, flags, io));
  },
};

async function run(name: string, flags: Flags, io: CliIo): Promise<void> {
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  const records = await apiKeyLedger(installation.table).all();
  const choice = chooseStandby(records, definition, systemClock.now());
  if (choice.claim === 'none') {
    const fix = `make a key in the Console (workspace ${definition.workspaceId}), then: npx keyguard standby add ${name}`;
    return io.fail(`${name} cannot rotate: ${choice.because}`, fix, 1);
  }
  const current = records.find((record) => record.managedKey === name && record.state === 'current');
  const plan = `${choice.claim.apiKeyId} becomes current${current === undefined ? '' : `; ${current.apiKeyId} stays valid for at least ${hours(definition.rotation.minimumGraceMs)}`}`;
  if (flags.dryRun === true) {
    if (flags.json === true) {
      json({ wouldClaim: choice.claim.apiKeyId, current: current?.apiKeyId ?? null }, io);
      return;
    }
    line(`Would rotate ${name}: ${plan}. Nothing was changed`, io);
    return;
  }
  if (flags.yes !== true && !(await confirmed(`Rotate ${name} now? ${plan}`, io))) return io.fail('not rotated', 'nothing was changed', 1);
  await follow(definition, installation, flags, io);
}

async function follow(definition: ManagedKeyDefinition, installation: OpenInstallation, flags: Flags, io: CliIo): Promise<void> {
  const { secrets, table } = installation;
  const before = versionWith((await readSchedule(secrets, definition.secretArn)).stages, 'AWSCURRENT');
  const began = systemClock.now();
  const answer = await rotations(secrets).start(definition.secretArn);
  progress(answer === 'started' ? 'Rotation started …' : 'A rotation was under way already; following it …', io);
  const deadline = systemClock.now() + deadlineMs;
  for (;;) {
    const { stages } = await readSchedule(secrets, definition.secretArn);
    const now = versionWith(stages, 'AWSCURRENT');
    const record = (await apiKeyLedger(table).all()).find((candidate) => candidate.token === now && candidate.state === 'current');
    if (now !== undefined && now !== before && record !== undefined) {
      if (flags.json === true) {
        json({ managedKey: definition.name, apiKeyId: record.apiKeyId, version: now }, io);
        return;
      }
      line(`${definition.name} rotated: ${record.apiKeyId} is current since ${instant(record.since)}`, io);
      line(
        `The old key stays valid for at least ${hours(definition.rotation.minimumGraceMs)}, then until it was quiet for ${hours(definition.rotation.quietMs)}`,
        io,
      );
      return;
    }
    const failed = await incidentStore(table).find('rotation-failed', definition.name);
    // An incident of an earlier failure is no answer to this rotation.
    if (failed?.state === 'open' && failed.lastFindingAt >= began) {
      return io.fail(
        `the rotation failed: ${failed.facts.reason ?? 'see the function log'}`,
        `docs/runbooks/rotation-failed.md; then npx keyguard status ${definition.name}`,
        1,
      );
    }
    if (systemClock.now() >= deadline) {
      return io.fail(
        `AWSCURRENT has not moved within ${deadlineMs / 60_000} minutes`,
        `npx keyguard status ${definition.name}, and the log group of the rotation function`,
        1,
      );
    }
    await systemClock.pause(beatMs);
  }
}

function hours(ms: number): string {
  const count = Math.round(ms / 3_600_000);
  return count === 1 ? '1 hour' : `${count} hours`;
}
