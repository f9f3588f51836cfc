import type { ClientOptions } from '@anthropic-ai/sdk';
import type { LocalAnthropic, LocalAnthropicOptions } from '../../../local/anthropic/server.ts';
import type { WorldClock } from '../../../local/clock.ts';
import Anthropic from '@anthropic-ai/sdk';
import { onTestFinished } from 'vitest';
import { settableClock } from '../../../local/clock.ts';
import { startLocalAnthropic } from '../../../local/anthropic/server.ts';

export const START = '2026-11-23T12:00:00Z';

/** A running platform on a clock that stands still, with one workspace, one key and one Admin key. */
export interface TestPlatform extends LocalAnthropic {
  readonly clock: WorldClock;
  readonly workspaceId: string;
  readonly key: { readonly id: string; readonly value: string };
  readonly adminKey: { readonly id: string; readonly value: string };
  /** The real SDK with the Admin key. */
  readonly admin: Anthropic;
  /** The real SDK as an application uses it: with a value, or with other options. */
  client(apiKey: string, options?: ClientOptions): Anthropic;
}

/** Starts it, and stops it when the test is over. */
export async function aPlatform(options: Partial<LocalAnthropicOptions> = {}): Promise<TestPlatform> {
  const clock = options.clock ?? settableClock(START);
  const local = await startLocalAnthropic({ ...options, clock });
  onTestFinished(() => local.stop());
  const client = (apiKey: string, more: ClientOptions = {}): Anthropic =>
    new Anthropic({ apiKey, baseURL: local.baseUrl, maxRetries: 0, ...more });
  const workspaceId = local.console.createWorkspace('Production').id;
  const key = local.console.createApiKey({ name: 'production', workspaceId });
  const adminKey = local.console.createAdminKey();
  return { ...local, clock, workspaceId, key, adminKey, admin: client(adminKey.value), client };
}
