import type { ClientOptions } from '@anthropic-ai/sdk';
import type { APIError } from '@anthropic-ai/sdk/error';
import type { LocalAnthropic, LocalAnthropicOptions } from '../../../local/anthropic/server.ts';
import type { Traffic } from '../../../local/anthropic/use.ts';
import type { WorldClock } from '../../../local/clock.ts';
import Anthropic from '@anthropic-ai/sdk';
import { onTestFinished } from 'vitest';
import { startLocalAnthropic } from '../../../local/anthropic/server.ts';
import { settableClock } from '../../../local/clock.ts';

const START = '2026-11-23T12:00:00Z';
export const MINUTE_MS = 60_000;

/** A running platform on a clock that stands still, with one workspace, one key and one Admin key. */
export interface TestPlatform extends LocalAnthropic {
  readonly clock: WorldClock;
  readonly workspaceId: string;
  readonly key: { readonly id: string; readonly value: string };
  readonly adminKey: { readonly id: string; readonly value: string };
  /** The real SDK with the Admin key. */
  readonly admin: Anthropic;
  /** The real SDK as an application uses it, without retries unless the options say so. */
  client(apiKey: string, options?: ClientOptions): Anthropic;
  /** A bare HTTP call, for what the SDK would never send. */
  call(
    path: string,
    init?: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string },
  ): Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
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
  return {
    ...local,
    clock,
    workspaceId,
    key,
    adminKey,
    admin: client(adminKey.value),
    client,
    async call(path, init = {}) {
      const response = await fetch(`${local.baseUrl}${path}`, init);
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
  };
}

/** The SDK's error of a call that must fail. */
export async function refusalOf(call: PromiseLike<unknown>): Promise<APIError> {
  const outcome = await Promise.resolve(call).then(
    () => 'an answer',
    (error: unknown) => error,
  );
  if (outcome instanceof Anthropic.APIError) return outcome;
  throw new Error(`expected an APIError, got ${outcome instanceof Error ? outcome.name : String(outcome)}`);
}

/** Plain traffic; say only what matters to the story. */
export const traffic = (about: Partial<Traffic> = {}): Traffic => ({
  model: 'claude-sonnet-5-5',
  requests: 1,
  uncachedInputTokens: 100,
  cacheReadTokens: 0,
  outputTokens: 10,
  ...about,
});
