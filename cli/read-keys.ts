import type { ManagedKeyDefinition } from '../contract/policy.ts';
import { hasPool } from '../contract/registry.ts';
import { expectedUsage } from '../lambda/adapters/aws/expected-usage.ts';
import { incidentStore } from '../lambda/adapters/aws/incident-store.ts';
import { secretVersions } from '../lambda/adapters/aws/secret-versions.ts';
import { usageLedger } from '../lambda/adapters/aws/usage-ledger.ts';
import { withPlanned } from '../lambda/usage/planned-usage.ts';
import { silenceKnownUntil } from '../lambda/usage/watermark.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import type { OpenInstallation } from './installation.ts';
import type { StatusSnapshot } from './key-findings.ts';
import { type KeySnapshot, openSince } from '../lambda/rotation/commands/snapshot.ts';

/** What the state table holds of all managed keys, read once. */
type Records = Awaited<ReturnType<typeof readRecords>>;

export async function readRecords({ table, ports, clock, managedKeys, configuration }: OpenInstallation) {
  const usage = usageLedger(table, clock);
  const [records, incidents, paused, expected, lastUses, watermark] = await Promise.all([
    ports.ledger.all(),
    incidentStore(table).all(),
    ports.pauses.all(),
    withPlanned(expectedUsage(table), { managedKeys, timeZone: configuration.detection.timeZone }, clock).all(),
    usage.lastUses(),
    usage.watermark(),
  ]);
  const uses = new Map(lastUses.map((use) => [use.apiKeyId, use]));
  return {
    records,
    incidents,
    pauses: paused,
    expected,
    lastUses: uses,
    watermark,
    usageKnownUntil: silenceKnownUntil(watermark),
    now: clock.now(),
  };
}

/** One managed key out of them, with what Secrets Manager says of it. */
export async function readKey(
  definition: ManagedKeyDefinition,
  { records, pauses: paused, ...known }: Records,
  infos: StatusSnapshot['infos'] | undefined,
  installation: OpenInstallation,
): Promise<StatusSnapshot> {
  const { name } = definition;
  const snapshot: KeySnapshot = {
    definition,
    own: records.filter((record) => record.managedKey === name),
    secret: await installation.ports.secrets.describe(definition.secretName),
    pause: paused.find((pause) => pause.managedKey === name),
  };
  const [since, standbyDeletion] = await Promise.all([
    openSince(snapshot, installation.ports),
    standbyDeletionOf(definition, installation),
  ]);
  return {
    ...snapshot,
    ...known,
    infos: infos ?? new Map(),
    isListed: infos !== undefined,
    activeAt: new Map(),
    refused: new Set(),
    openSince: since,
    standbyDeletion,
  };
}

/** When the standby secret is deleted for good, where that is scheduled; `gone`: it was. */
async function standbyDeletionOf(
  { standbySecretName, rotation }: ManagedKeyDefinition,
  { secrets }: OpenInstallation,
): Promise<StatusSnapshot['standbyDeletion']> {
  if (!hasPool(rotation.strategy)) return null;
  try {
    return (await secretVersions(secrets).describe(standbySecretName)).deletionAt;
  } catch (error) {
    if (error instanceof KeyguardError && error.code === 'secret-not-found') return 'gone';
    throw error;
  }
}

/** Whether people were told that this current key is dead: no rotation follows by itself, because somebody may want it back. */
export async function consumersWait(name: string, { table, ports }: OpenInstallation): Promise<boolean> {
  const dead = await incidentStore(table).find('current-key-dead', name);
  if (dead?.state !== 'open' || dead.facts.grade !== 'dead' || dead.facts.apiKeyId === undefined) return false;
  return (await ports.ledger.find(dead.facts.apiKeyId))?.state === 'current';
}

export function waitingText(name: string): string {
  return `Consumers of ${name} have no key that works until it rotates: npx --no-install keyguard rotate ${name}`;
}
