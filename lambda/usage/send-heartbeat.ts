import type { HeartbeatDefinition } from '../../contract/heartbeat.ts';
import { KeyguardError } from '../foundation/errors.ts';
import type { HeartbeatPorts } from './ports.ts';

/**
 * Sends one smallest request with the current key of the heartbeat's managed key. That Anthropic has no capacity now, or asks for
 * patience, is no failure of ours: the next hour asks again. Throws KeyguardError for everything that people must mend.
 */
export async function sendHeartbeat(
  { managedKey, model }: HeartbeatDefinition,
  { currentKey, ask, taken, clock, log }: HeartbeatPorts,
): Promise<void> {
  const key = await currentKey();
  if (key === 'absent') {
    throw new KeyguardError(
      'heartbeat-without-key',
      `the heartbeat cannot be sent: ${managedKey} has no current key`,
      `npx --no-install keyguard rotate ${managedKey}, which says what to do where it has no key to take`,
    );
  }
  const sentAt = clock.now();
  const answer = await ask(key, model);
  switch (answer.answer) {
    case 'taken':
      await taken(sentAt);
      log.info('heartbeat.sent', { managedKey, model, tokens: answer.tokens });
      return;
    case 'not-now':
      log.warn('heartbeat.not-now', { managedKey, model, status: answer.status });
      return;
    case 'key-refused':
      throw new KeyguardError(
        'heartbeat-refused',
        `the heartbeat cannot be sent: Anthropic refuses the current key of ${managedKey} (${answer.why})`,
        `look at it: npx --no-install keyguard status ${managedKey}; replace it: npx --no-install keyguard rotate ${managedKey}`,
      );
    case 'request-refused':
      throw new KeyguardError(
        'heartbeat-refused',
        `the heartbeat cannot be sent: Anthropic refuses the request for ${model} with the key of ${managedKey} (${answer.why})`,
        'where the model is gone, name another in usage.heartbeat.model of keyguard.json, and deploy; else look at the limits of the workspace',
      );
    default:
      return answer satisfies never;
  }
}
