import type { Context } from 'aws-lambda';
import type { WorldClock } from '../clock.ts';
import type { Agenda } from './agenda.ts';
import type { Randomness } from './randomness.ts';

/** The context that AWS hands to a Node handler. */
type LambdaContext = Context;
type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<unknown>;

export interface FunctionOptions {
  /** Seconds, as in the function's configuration. @default 900 */
  readonly timeoutSeconds?: number;
  /** How often a failed asynchronous invocation is tried again: after 1 and then 2 minutes. @default 2 */
  readonly retryAttempts?: 0 | 1 | 2;
  /** A second name under which the world's own people call it. @default none */
  readonly alias?: string;
  /** Its environment variables, as callers outside see them. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** AWS services that the function's policy lets in, such as `secretsmanager.amazonaws.com`: shown, not enforced. @default none */
  readonly invokedBy?: readonly string[];
}

/** One run of a function. Never holds the event: events can carry what must not be kept. */
interface Invocation {
  readonly at: number;
  /** `direct`, `sns`, `schedule`, `rotation:createSecret`, … */
  readonly kind: string;
  readonly ok: boolean;
  readonly errorMessage?: string;
}

/** An asynchronous event that a function failed on until its retries were spent. */
export interface DeadLetter {
  readonly at: number;
  readonly kind: string;
  readonly event: unknown;
  readonly errorMessage: string;
}

/** In-process Lambda functions. */
export interface Functions {
  /** Registers or replaces a function; returns its ARN. */
  register(name: string, handler: LambdaHandler, options?: FunctionOptions): string;
  /** Runs a function by name or ARN and answers what the handler answers; throws what it throws. */
  invoke(nameOrArn: string, event: unknown, kind?: string): Promise<unknown>;
  /** Lambda's asynchronous invocation: once at the next settle, then 1 and 2 minutes later, then dead letters. */
  invokeLater(nameOrArn: string, event: unknown, kind: string): void;
  /**
   * Ends every invocation that is running now, or every one of the function named, as Lambda ends one at its timeout:
   * whoever invoked it sees it fail, and what the handler answers later is not heard. Returns how many there were;
   * throws for a function that does not exist. Code that runs cannot be stopped from outside: the handler must be waiting
   * for a call that is never answered, so kill from a call hook, which then hangs that call.
   */
  kill(nameOrArn?: string): number;
  /**
   * Resolves when no code of a killed invocation runs any more. Its hung call is cut when the server stops, and then it
   * fails; until it has, it could reach the next stand-in that takes the process's AWS_ variables.
   */
  killedHaveEnded(): Promise<void>;
  /** As somebody deletes it. */
  remove(nameOrArn: string): void;
  exists(nameOrArn: string): boolean;
  /** Throws for a function that does not exist. */
  environment(nameOrArn: string): Readonly<Record<string, string>>;
  invokedBy(nameOrArn: string): readonly string[];
  invocations(name: string): readonly Invocation[];
  deadLetters(name: string): readonly DeadLetter[];
}

interface Registered {
  handler: LambdaHandler;
  options: FunctionOptions;
  readonly invocations: Invocation[];
  readonly deadLetters: DeadLetter[];
}

/** An invocation that has not ended. */
interface Running {
  readonly name: string;
  readonly fail: (error: Error) => void;
  readonly ended: Promise<void>;
}

// docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: one minute, then two.
const RETRY_AFTER_MS = [60_000, 120_000];

export function createFunctions(world: {
  readonly accountId: string;
  readonly region: string;
  readonly clock: WorldClock;
  readonly randomness: Randomness;
  readonly agenda: Agenda;
  /** Puts it into the queue that the function's configuration names. */
  readonly deadLetter: (name: string, letter: DeadLetter) => void;
}): Functions {
  const { clock, randomness, agenda } = world;
  const functions = new Map<string, Registered>();
  const running = new Set<Running>();
  const killed: Promise<void>[] = [];
  const prefix = `arn:aws:lambda:${world.region}:${world.accountId}:function:`;
  const aliases = new Map<string, string>();
  const shortName = (nameOrArn: string): string => {
    const name = nameOrArn.startsWith(prefix) ? (nameOrArn.slice(prefix.length).split(':')[0] ?? '') : nameOrArn;
    return aliases.get(name) ?? name;
  };
  const find = (nameOrArn: string): Registered => {
    const found = functions.get(shortName(nameOrArn));
    if (found === undefined) throw new Error(`Function not found: ${nameOrArn}`);
    return found;
  };

  /** The outcome of `work` or the kill, whichever comes first; the other one is not heard. */
  const unlessKilled = (name: string, work: () => Promise<unknown>): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const entry: Running = {
        name,
        fail: reject,
        ended: work()
          .finally(() => running.delete(entry))
          .then(resolve, reject),
      };
      running.add(entry);
    });

  const invoke = async (nameOrArn: string, event: unknown, kind = 'direct'): Promise<unknown> => {
    const { handler, options, invocations } = find(nameOrArn);
    const name = shortName(nameOrArn);
    const at = clock.now();
    const deadline = at + (options.timeoutSeconds ?? 900) * 1000;
    try {
      const answer = await unlessKilled(name, async () =>
        handler(
          event,
          context(name, prefix, randomness.uuid(), () => deadline - clock.now()),
        ),
      );
      invocations.push({ at, kind, ok: true });
      return answer;
    } catch (error) {
      invocations.push({ at, kind, ok: false, errorMessage: messageOf(error) });
      throw error;
    }
  };

  const attempt = async (nameOrArn: string, event: unknown, kind: string, tried: number): Promise<void> => {
    try {
      await invoke(nameOrArn, event, kind);
    } catch (error) {
      const { options, deadLetters } = find(nameOrArn);
      const delayMs = tried < (options.retryAttempts ?? 2) ? RETRY_AFTER_MS[tried] : undefined;
      const now = clock.now();
      if (delayMs === undefined) {
        const letter = { at: now, kind, event, errorMessage: messageOf(error) };
        deadLetters.push(letter);
        world.deadLetter(shortName(nameOrArn), letter);
      } else agenda.at(now + delayMs, () => attempt(nameOrArn, event, kind, tried + 1));
    }
  };

  return {
    register(nameOrAlias, handler, options = {}) {
      const name = shortName(nameOrAlias);
      if (options.alias !== undefined) aliases.set(options.alias, name);
      const known = functions.get(name);
      if (known === undefined) functions.set(name, { handler, options, invocations: [], deadLetters: [] });
      else Object.assign(known, { handler, options: { ...known.options, ...options } });
      return prefix + name;
    },
    invoke,
    invokeLater(nameOrArn, event, kind) {
      find(nameOrArn);
      agenda.soon(() => attempt(nameOrArn, event, kind, 0));
    },
    kill(nameOrArn) {
      if (nameOrArn !== undefined) find(nameOrArn);
      const doomed = [...running].filter(({ name }) => nameOrArn === undefined || name === shortName(nameOrArn));
      for (const entry of doomed) {
        running.delete(entry);
        killed.push(entry.ended);
        entry.fail(timedOut());
      }
      return doomed.length;
    },
    async killedHaveEnded() {
      await Promise.all(killed);
    },
    remove: (nameOrArn) => void functions.delete(shortName(nameOrArn)),
    exists: (nameOrArn) => functions.has(shortName(nameOrArn)),
    environment: (nameOrArn) => find(nameOrArn).options.environment ?? {},
    invokedBy: (nameOrArn) => find(nameOrArn).options.invokedBy ?? [],
    invocations: (name) => find(name).invocations,
    deadLetters: (name) => find(name).deadLetters,
  };
}

/** Lambda's own name for it. */
function timedOut(): Error {
  return Object.assign(new Error('Task timed out'), { name: 'Sandbox.Timedout' });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function context(name: string, prefix: string, requestId: string, remainingMs: () => number): LambdaContext {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: prefix + name,
    memoryLimitInMB: '256',
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: `local/[$LATEST]${requestId.replaceAll('-', '')}`,
    getRemainingTimeInMillis: () => Math.max(0, remainingMs()),
    // AWS still hands these over, and its type still asks for them.
    /* eslint-disable @typescript-eslint/no-deprecated */
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
    /* eslint-enable @typescript-eslint/no-deprecated */
  };
}
