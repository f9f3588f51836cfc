import type { ManagedKeyDefinition } from '../contract/policy.ts';
import { followRotation, type RotationOutcome } from '../lambda/rotation/commands/follow.ts';
import type { StartedRotation } from '../lambda/rotation/commands/start.ts';
import type { CliIo } from './command.ts';
import type { OpenInstallation } from './installation.ts';
import { progress } from './output.ts';

/** Starts a rotation and follows it until it is over, and says so; whoever interrupts that is told that the rotation goes on. */
export async function follow(
  definition: ManagedKeyDefinition,
  start: () => Promise<StartedRotation>,
  { ports }: OpenInstallation,
  io: CliIo,
): Promise<RotationOutcome> {
  const { name } = definition;
  const stay = io.onInterrupt?.(() =>
    progress(`The rotation of ${name} goes on without this command; look with: npx --no-install keyguard status ${name}`, io),
  );
  try {
    const started = await start();
    const how =
      started.answer === 'started'
        ? 'Secrets Manager has started the rotation …'
        : 'A rotation was under way already; Secrets Manager tries it again …';
    progress(how, io);
    return await followRotation(
      definition,
      started,
      ({ apiKeyId, hint }) => progress(`${apiKeyId} (${hint}) is claimed; it is made active and proven …`, io),
      ports,
    );
  } finally {
    stay?.();
  }
}
