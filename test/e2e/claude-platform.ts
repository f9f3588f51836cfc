import { startLocalAnthropic, type LocalAnthropic } from '../../local/anthropic/server.ts';
import { realClock } from '../../local/clock.ts';
import { configuration } from './deployment.ts';

/** Ids are drawn from it; those in keyguard.json beside this file come from this seed. */
const seed = 4567;

/**
 * The Claude platform on the address that the deployed functions were given, with the workspaces of keyguard.json.
 * Throws when its ids are not those of keyguard.json.
 */
export async function startPlatform(): Promise<LocalAnthropic> {
  const { baseUrl, organizationId } = configuration.anthropic;
  // Usage is in the report at once, so that a test need not wait for it.
  const platform = await startLocalAnthropic({ clock: realClock, seed, port: Number(new URL(baseUrl).port), usageDelayMs: 0 });
  const drawn = [platform.organization.id, ...configuration.managedKeys.map(({ name }) => platform.console.createWorkspace(name).id)];
  const configured = [organizationId, ...configuration.managedKeys.map(({ workspaceId }) => workspaceId)];
  if (drawn.join() !== configured.join()) {
    await platform.stop();
    throw new Error(
      `the local platform draws other ids from seed ${seed} than test/e2e/keyguard.json has: put there, in this order, ${drawn.join(', ')}`,
    );
  }
  return platform;
}

/** What people do in the Console before Key Guard can work. Values are shown once. */
export interface People {
  adminKey(): string;
  newKey(managedKey: string): string;
}

export function peopleOn(platform: LocalAnthropic): People {
  return {
    adminKey: () => platform.console.createAdminKey().value,
    newKey: (managedKey) => {
      const workspaceId = configuration.managedKeys.find(({ name }) => name === managedKey)?.workspaceId ?? '';
      return platform.console.createApiKey({ name: `${managedKey} ${platform.inspect.keys().length + 1}`, workspaceId }).value;
    },
  };
}

/** With a stand-in that somebody else started: its Admin key, and its keys for each managed key, separated by spaces. */
export function peopleElsewhere(variables: Readonly<Record<string, string | undefined>>): People {
  const needed = (name: string): string => {
    const value = variables[name];
    if (value === undefined || value === '') throw new Error(`with E2E_EXTERNAL=1 the tests need ${name}: see test/e2e/README.md`);
    return value;
  };
  const left = new Map<string, string[]>();
  return {
    adminKey: () => needed('E2E_ADMIN_KEY'),
    newKey: (managedKey) => {
      const name = `E2E_API_KEYS_${managedKey.toUpperCase().replaceAll('-', '_')}`;
      const keys = left.get(name) ?? needed(name).split(/\s+/);
      left.set(name, keys);
      const next = keys.shift();
      if (next === undefined) throw new Error(`${name} holds too few keys: see test/e2e/README.md`);
      return next;
    },
  };
}

/** What Anthropic answers to a value: 200 where it works, 401 where it does not. */
export async function answerTo(value: string): Promise<number> {
  const response = await fetch(`${configuration.anthropic.baseUrl}/v1/models`, {
    headers: { 'x-api-key': value, 'anthropic-version': '2023-06-01' },
  });
  await response.arrayBuffer();
  return response.status;
}
