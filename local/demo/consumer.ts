import { BaseAnthropic } from '@anthropic-ai/sdk/client';
import { Messages } from '@anthropic-ai/sdk/resources/messages/messages';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import type { MinuteUsage } from '../traffic/draw.ts';
import type { World } from '../world.ts';

export interface ConsumerOptions {
  readonly world: World;
  readonly managedKey: string;
  /** How long a read value is kept: the AWS Lambda extension keeps one for five minutes. */
  readonly cacheMs: number;
  /** Every so often one of the requests really goes over HTTP, through the Anthropic SDK. */
  readonly overHttpEveryMs: number;
  readonly traffic: Iterator<MinuteUsage>;
}

interface ConsumerTally {
  requests: number;
  overHttp: number;
  readonly failures: Map<string, number>;
}

/** A team's application: it reads its secret, keeps the value for a while, and reads it again when Anthropic says 401. */
export interface Consumer {
  readonly name: string;
  readonly tally: ConsumerTally;
  /** Sends what the traffic holds for the minute that ends at `at`. */
  minute(at: number): Promise<void>;
}

export function consumerOf({ world, managedKey, cacheMs, overHttpEveryMs, traffic }: ConsumerOptions): Consumer {
  const tally: ConsumerTally = { requests: 0, overHttp: 0, failures: new Map() };
  let cached: { readonly value: string; readonly at: number } | undefined;
  let next = traffic.next();
  let lastOverHttp = 0;

  const read = async (at: number): Promise<string> => {
    if (cached === undefined || at - cached.at >= cacheMs) cached = { value: await world.currentValue(managedKey), at };
    return cached.value;
  };
  const failed = (value: string): void => {
    const cause = causeOf(value, world);
    tally.failures.set(cause, (tally.failures.get(cause) ?? 0) + 1);
  };
  const send = async (usage: MinuteUsage, at: number): Promise<void> => {
    tally.requests += usage.requests;
    const outcome = world.anthropic.use(await read(at), trafficOf(usage));
    if (outcome.rejected === 0) return;
    // The first refused request makes the application read its secret again; the others never use the old value.
    failed(await read(at));
    cached = undefined;
    const again = world.anthropic.use(await read(at), trafficOf(usage));
    if (again.rejected > 0) failed(await read(at));
  };
  const sendOverHttp = async (model: string, at: number): Promise<void> => {
    lastOverHttp = at;
    tally.requests += 1;
    tally.overHttp += 1;
    const value = await read(at);
    try {
      await new Messages(new BaseAnthropic({ apiKey: value, baseURL: world.anthropic.baseUrl, maxRetries: 0, logLevel: 'off' })).create({
        model,
        max_tokens: 16,
        messages: [{ role: 'user', content: 'A short question' }],
      });
    } catch {
      failed(value);
      cached = undefined;
    }
  };

  return {
    name: managedKey,
    tally,
    async minute(at) {
      for (; next.done !== true && next.value.at < at; next = traffic.next()) {
        if (next.value.at < at - minuteMs) continue;
        if (at - lastOverHttp >= overHttpEveryMs) await sendOverHttp(next.value.model, at);
        await send(next.value, at);
      }
    },
  };
}

/** Why a request was refused: a key that containment cut off, or anything else, which would be our fault. */
function causeOf(value: string, world: World): string {
  const key = world.keyOf(value);
  const contained = world.ledger().find((record) => record.apiKeyId === key)?.state === 'contained';
  return contained ? 'containment' : 'other';
}

export function trafficOf(usage: MinuteUsage): Parameters<World['anthropic']['use']>[1] {
  return {
    model: usage.model,
    requests: usage.requests,
    uncachedInputTokens: usage.uncachedInputTokens,
    cacheReadTokens: usage.cacheReadTokens,
    cacheCreation5mTokens: usage.cacheCreationTokens,
    outputTokens: usage.outputTokens,
    at: usage.at,
  };
}
