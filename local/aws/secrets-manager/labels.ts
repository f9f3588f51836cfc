import { AwsError } from '../service.ts';
import { CURRENT, holder, PENDING, PREVIOUS } from './store.ts';
import type { SecretRecord, Version } from './store.ts';

type Versions = ReadonlyMap<string, Version>;

/** Puts `label` on one version and takes it off every other. */
export function placeLabel(versions: Versions, label: string, versionId: string): Versions {
  return mapStages(versions, (version) => {
    if (version.id !== versionId) return version.stages.filter((stage) => stage !== label);
    return version.stages.includes(label) ? version.stages : [...version.stages, label];
  });
}

/** Takes `label` off whatever version holds it. */
export function dropLabel(versions: Versions, label: string): Versions {
  return mapStages(versions, (version) => version.stages.filter((stage) => stage !== label));
}

/** Moves AWSCURRENT; the version that it leaves becomes AWSPREVIOUS. */
export function moveCurrent(versions: Versions, versionId: string): Versions {
  const from = [...versions.values()].find((version) => version.stages.includes(CURRENT));
  const moved = placeLabel(versions, CURRENT, versionId);
  return from === undefined || from.id === versionId ? moved : placeLabel(dropFrom(moved, PREVIOUS, versionId), PREVIOUS, from.id);
}

/** At most twenty labels over all versions of a secret, AWS's own included (userguide/reference_limits.html). */
export function checkLabelCount(versions: Versions): void {
  const count = [...versions.values()].reduce((sum, version) => sum + version.stages.length, 0);
  if (count > 20) {
    throw new AwsError(
      'LimitExceededException',
      'You have exceeded the maximum number of staging labels for all versions of a secret: 20.',
    );
  }
}

/** Where AWSPENDING is when a rotation has begun and not ended: on a version that is not AWSCURRENT. */
export function openRotation(record: SecretRecord): Version | undefined {
  const pending = holder(record, PENDING);
  return pending?.stages.includes(CURRENT) ? undefined : pending;
}

export interface LabelMove {
  readonly label: string;
  readonly moveTo: string | undefined;
  readonly removeFrom: string | undefined;
}

/**
 * UpdateSecretVersionStage. AWSPENDING stays where it is when AWSCURRENT arrives at its version (aws-samples/
 * aws-secrets-manager-rotation-lambdas PR 145); `removed` is the other allowed end state.
 */
export function moveLabel(record: SecretRecord, move: LabelMove, pendingAfterSwitch: 'stays' | 'removed'): Versions {
  const { label, moveTo, removeFrom } = move;
  for (const id of [moveTo, removeFrom]) {
    if (id !== undefined && !record.versions.has(id)) {
      throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret version.");
    }
  }
  if (moveTo === undefined && removeFrom === undefined) {
    throw new AwsError('InvalidParameterException', 'You must specify MoveToVersionId, RemoveFromVersionId, or both.');
  }
  const at = holder(record, label);
  if (at !== undefined && at.id !== moveTo && removeFrom === undefined) {
    throw new AwsError(
      'InvalidParameterException',
      `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${at.id}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  }
  if (removeFrom !== undefined && removeFrom !== at?.id) {
    throw new AwsError(
      'InvalidParameterException',
      `When you move staging label ${label}, if you specify RemoveFromVersionId, it must be set to the version that currently has the staging label ${label}.`,
    );
  }
  if (moveTo === undefined) {
    if (label === CURRENT) {
      throw new AwsError(
        'InvalidParameterException',
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
      );
    }
    return dropLabel(record.versions, label);
  }
  if (label !== CURRENT) return placeLabel(record.versions, label, moveTo);
  const moved = moveCurrent(record.versions, moveTo);
  return pendingAfterSwitch === 'removed' ? dropFrom(moved, PENDING, moveTo) : moved;
}

function dropFrom(versions: Versions, label: string, versionId: string): Versions {
  return mapStages(versions, (version) => (version.id === versionId ? version.stages.filter((stage) => stage !== label) : version.stages));
}

function mapStages(versions: Versions, stages: (version: Version) => readonly string[]): Versions {
  return new Map([...versions].map(([id, version]) => [id, { ...version, stages: stages(version) }]));
}
