import type { ManagedKeyDefinition } from '../contract/policy.ts';
import type { CliIo } from './command.ts';
import type { KeyguardError } from '../lambda/foundation/errors.ts';
import { alarmText, fixOf } from '../lambda/incidents/message/alarm-text.ts';
import { causeText } from '../lambda/incidents/message/cause-text.ts';
import type { Rotated, RotationOutcome } from '../lambda/rotation/commands/follow.ts';
import { instant, isoOrNull, lengthText, line, progress } from './output.ts';
import { graceEnd, graceText } from './previous-key.ts';

/** Ends the command where the rotation did not come to its end; `besides` says what else holds then. */
export function rotatedOrFail(
  { name }: ManagedKeyDefinition,
  outcome: RotationOutcome,
  io: CliIo,
  besides = 'The key that was current still is, and the rotation is tried again by itself',
): Rotated {
  switch (outcome.outcome) {
    case 'rotated':
      return outcome;
    case 'failed':
      return io.fail(
        `the rotation of ${name} failed: ${alarmText(outcome.cause)}`,
        `${fixOf(outcome.cause) ?? 'npx --no-install keyguard runbook rotation-failed'}. ${besides}`,
        1,
      );
    case 'not back':
      return io.fail(
        `${name} was not brought back: ${outcome.cause === undefined ? '' : causeText(outcome.cause)}`,
        `consumers keep the key that is current; to move on to another key: npx --no-install keyguard rotate ${name} --again`,
        1,
      );
    case 'timed out':
      return io.fail(
        `the rotation of ${name} did not finish within ${lengthText(outcome.afterMs)}`,
        `it goes on without us: npx --no-install keyguard status ${name}, and the log group of the output RotationFunctionName. ${besides}`,
        1,
      );
  }
}

export function rotatedJson({ name, rotation }: ManagedKeyDefinition, { current, previous, versionId }: Rotated): object {
  return {
    managedKey: name,
    apiKeyId: current.apiKeyId,
    hint: current.hint,
    since: isoOrNull(current.since),
    versionId,
    previous:
      previous === undefined
        ? null
        : {
            apiKeyId: previous.apiKeyId,
            hint: previous.hint,
            validAtLeastUntil: isoOrNull(graceEnd(previous, rotation, previous.switchedAt ?? current.since)),
          },
  };
}

export function sayPrevious({ rotation }: ManagedKeyDefinition, { current, previous }: Rotated, io: CliIo): void {
  if (previous === undefined) return;
  line(`The previous key ${previous.apiKeyId} ${graceText(previous, rotation, previous.switchedAt ?? current.since)}.`, io);
}

export function currentSince({ current }: Rotated): string {
  return `${current.apiKeyId} (${current.hint}) is current since ${instant(current.since)}`;
}

/** Says what retirement could not do when it was asked to run. */
export function saysUndone(io: CliIo): (error: KeyguardError) => void {
  return ({ message }) => progress(`Retirement is not done with everything yet: ${message}`, io);
}
