import type { ApiKeyRecord, ExpectedUsageRecord, IncidentRecord, PauseRecord, OperatorRequest } from '../contract/records.ts';
import { hasPool } from '../contract/registry.ts';
import { restorable, type Restorable } from '../lambda/rotation/commands/undo.ts';
import { coverOf, poolOf, type PoolCover } from '../lambda/rotation/pool-cover.ts';
import type { Replica } from '../lambda/rotation/ports.ts';
import { expectedFrom } from '../lambda/usage/expect.ts';
import { planKey } from '../lambda/rotation/plan.ts';
import { isSwitchedByHand } from '../lambda/rotation/staging-labels.ts';
import { failedRotation, keyFindings, standingEmergency, type StatusSnapshot } from './key-findings.ts';
import { isPrevious, previousKey, type PreviousKey } from './previous-key.ts';

/** `broken`: consumers have no working key, or rotation does not work. `attention`: a person should do something soon. */
export type Health = 'ok' | 'attention' | 'broken';

/** One managed key. Instants are epoch ms, UTC. */
export interface KeyStatus {
  readonly name: string;
  readonly health: Health;
  readonly current: CurrentKey | null;
  readonly previous: readonly PreviousKey[];
  readonly restorable: readonly Restorable[];
  /** Null where its strategy makes its keys itself. */
  readonly pool: PoolCover | null;
  readonly paused: Pick<PauseRecord, 'at' | 'by' | 'because'> | null;
  readonly expected: readonly ExpectedUsageRecord[];
  readonly wishes: readonly WaitingRequest[];
  readonly replicas: readonly Replica[];
  /** Since when a rotation is under way. */
  readonly rotatingSince: number | null;
  readonly nextRotationAt: number | null;
  /** Last success. */
  readonly lastRotatedAt: number | null;
  readonly incidents: readonly IncidentRecord[];
  /** What is not as it should be, each with the next step. */
  readonly attention: readonly string[];
}

interface CurrentKey {
  readonly apiKeyId: string;
  readonly hint: string;
  readonly since: number;
  readonly expiresAt: number | null;
}

/** What an operator asked for and nobody has done yet. */
interface WaitingRequest extends OperatorRequest {
  readonly apiKeyId: string;
  readonly wish: 'come back' | 'no grace';
}

/** A managed key's state from what AWS holds of it; nothing is asked of Anthropic. */
export function keyStatus(snapshot: StatusSnapshot): KeyStatus {
  const { definition, own, secret, pause, usageKnownUntil, now } = snapshot;
  const incidents = snapshot.incidents.filter(({ subject, state }) => subject === definition.name && state !== 'recovered');
  const current = own.find((record) => record.state === 'current');
  const findings = keyFindings(snapshot);
  const broken = findings.filter(({ state }) => state === 'broken');
  return {
    name: definition.name,
    health: broken.length > 0 ? 'broken' : findings.length > 0 ? 'attention' : 'ok',
    current:
      current === undefined ? null : { apiKeyId: current.apiKeyId, hint: current.hint, since: current.since, expiresAt: current.expiresAt },
    previous: own
      .filter((record) => isPrevious(record))
      .map((record) =>
        previousKey(
          record,
          definition,
          { lastUse: snapshot.lastUses.get(record.apiKeyId), usageKnownUntil, incidents, because: planKey(record, snapshot).because },
          now,
        ),
      ),
    restorable: restorable(own, definition, now),
    pool: hasPool(definition.rotation.strategy) ? coverOf(poolOf(snapshot, failedRotation(snapshot))) : null,
    paused: pause === undefined ? null : { at: pause.at, by: pause.by, because: pause.because },
    expected: expectedFrom(definition.name, snapshot.expected, now),
    wishes: own.flatMap((record): readonly WaitingRequest[] => {
      const { apiKeyId, undoRequest } = record;
      const revokeRequest = standingEmergency(record, now);
      return [
        ...(undoRequest === undefined ? [] : [{ apiKeyId, wish: 'come back', ...undoRequest } as const]),
        ...(revokeRequest === undefined ? [] : [{ apiKeyId, wish: 'no grace', ...revokeRequest } as const]),
      ];
    }),
    replicas: secret.replicas,
    rotatingSince: snapshot.openSince ?? null,
    nextRotationAt: secret.nextRotationAt,
    lastRotatedAt: secret.lastRotatedAt ?? switchedAt(current),
    incidents,
    attention: [...broken, ...findings.filter(({ state }) => state !== 'broken')].map(({ what, fix }) => `${what}: ${fix}`),
  };
}

/** When a rotation made the current key current: Secrets Manager says nothing of it while rotation is off. */
function switchedAt(current: ApiKeyRecord | undefined): number | null {
  return current === undefined || isSwitchedByHand(current) ? null : current.since;
}
