import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WorldClock } from '../clock.ts';
import { createAgenda } from './agenda.ts';
import type { SettleOptions } from './agenda.ts';
import { cloudWatch } from './cloudwatch/service.ts';
import type { Alarms } from './cloudwatch/alarms.ts';
import type { MetricsObserver } from './cloudwatch/service.ts';
import { dynamoDb } from './dynamodb/service.ts';
import type { TablesObserver } from './dynamodb/service.ts';
import { createFunctions } from './functions.ts';
import type { Functions } from './functions.ts';
import { handOver, neverAnswered } from './hand-over.ts';
import { createInterceptor } from './intercept.ts';
import type { Intercept } from './intercept.ts';
import { lambda } from './lambda.ts';
import { seededRandomness } from './randomness.ts';
import { createSchedules } from './schedules.ts';
import type { Schedules } from './schedules.ts';
import type { Replicas } from './secrets-manager/replicas.ts';
import { secretsManager } from './secrets-manager/service.ts';
import type { SecretsManagerOptions, SecretsObserver, SecretsOfStacks } from './secrets-manager/service.ts';
import type { Account } from './service.ts';
import { sns } from './sns/service.ts';
import type { Mailbox, TopicsObserver } from './sns/service.ts';
import { deadLetterQueueOf, sqs } from './sqs.ts';
import { sts } from './sts.ts';
import type { Identity, Issuer } from './sts.ts';
import { createDispatcher } from './wire/dispatch.ts';
import type { Outcome } from './wire/dispatch.ts';
import type { WireRequest } from './wire/http.ts';

export interface LocalAwsOptions extends SecretsManagerOptions {
  readonly clock: WorldClock;
  /** @default '000000000000' */
  readonly accountId?: string;
  /** @default 'us-east-1' */
  readonly region?: string;
  /** @default a free one */
  readonly port?: number;
  /** Of everything that AWS draws at random. @default 1 */
  readonly seed?: number;
  /** How the SDK clients of this very process reach it: handed over, a call takes a third less time. @default 'by-socket' */
  readonly ownClients?: 'by-socket' | 'handed-over';
  /** How far back a `stale` read may look, in world time: AWS promises seconds. @default 60 seconds */
  readonly staleWindowMs?: number;
}

/** A running stand-in for AWS: one account, one Region, on loopback. */
export interface LocalAws {
  readonly endpoint: string;
  /** For `process.env` of whoever builds AWS clients. */
  readonly environment: Readonly<Record<string, string>>;
  readonly functions: Functions;
  readonly schedules: Schedules;
  readonly alarms: Alarms;
  readonly mailbox: Mailbox;
  readonly identity: Identity;
  readonly replicas: Replicas;
  readonly intercept: Intercept;
  /** As CloudFormation does with a secret that a stack makes: it bears the stack's name, in a tag that no caller can write. */
  readonly ofStack: SecretsOfStacks;
  /**
   * Runs everything that is due up to the clock's now, in time order: schedules, rotations, retries, deliveries. Must
   * not be called from within a handler.
   */
  settle(options?: SettleOptions): Promise<void>;
  /** Looks at the state behind the product's back. */
  readonly inspect: {
    readonly secrets: SecretsObserver;
    readonly tables: TablesObserver;
    readonly metrics: MetricsObserver;
    readonly topics: TopicsObserver;
  };
  /** Cuts every open connection. */
  stop(): Promise<void>;
}

/** Starts the stand-in; resolves once it listens. */
export async function startLocalAws(options: LocalAwsOptions): Promise<LocalAws> {
  const { clock, accountId = '000000000000', region = 'us-east-1' } = options;
  const randomness = seededRandomness(options.seed ?? 1);
  const agenda = createAgenda(clock);
  const functions = createFunctions({
    accountId,
    region,
    clock,
    randomness,
    agenda,
    deadLetter: (name, { event, errorMessage }) =>
      // With the attributes that Lambda adds (lambda/latest/dg/invocation-async-retain-records.html).
      queues.push(deadLetterQueueOf(name), JSON.stringify(event), { ErrorCode: '200', ErrorMessage: errorMessage }),
  });
  const { schedules, source } = createSchedules({ accountId, region, clock, randomness, functions });
  agenda.addSource(source);
  const account: Account = { accountId, region, clock, randomness, agenda, functions, staleWindowMs: options.staleWindowMs ?? 60_000 };

  let endpoint = '';
  const secrets = secretsManager(account, options);
  const tables = dynamoDb(account);
  const metrics = cloudWatch();
  const topics = sns(account);
  const federation = sts(account, () => endpoint);
  const queues = sqs(account, () => endpoint);
  const services = [secrets.service, tables.service, metrics.service, topics.service, federation.service, queues.service, lambda(account)];
  const interceptor = createInterceptor();
  const dispatch = createDispatcher(services, account, interceptor);

  const server = createServer((request, response) => void serve(request, response, dispatch, federation.issuer));
  // Longer than any client keeps an idle connection, so that the server is never the one to hang up.
  server.keepAliveTimeout = 600_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the local AWS listens on no port');
  endpoint = `http://127.0.0.1:${address.port}`;
  const takeBack = options.ownClients === 'handed-over' ? handOver(address.port, dispatch) : undefined;

  return {
    endpoint,
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'AKIALOCALFAKE',
      AWS_SECRET_ACCESS_KEY: 'local-fake',
    },
    functions,
    schedules,
    alarms: metrics.alarms,
    mailbox: topics.mailbox,
    identity: federation.identity,
    replicas: secrets.replicas,
    ofStack: secrets.ofStack,
    intercept: interceptor,
    settle: (settleOptions) => agenda.settle(settleOptions),
    inspect: {
      secrets: secrets.observer,
      tables: tables.observer,
      metrics: metrics.observer,
      topics: topics.observer,
    },
    stop: () =>
      new Promise((resolve) => {
        // The only error that closing knows is that it is closed already.
        takeBack?.();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** By its events: an iterator over a stream costs more than the rest of a small call. */
function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', reject);
  });
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  dispatch: (request: WireRequest) => Promise<Outcome>,
  issuer: Issuer,
): Promise<void> {
  try {
    const { method = '', url = '/', headers } = request;
    if (headers[neverAnswered] !== undefined) return;
    const document = method === 'GET' ? await issuer.document(url) : undefined;
    if (document !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document));
      return;
    }
    const outcome = await dispatch({ method, url, headers, body: await bodyOf(request) });
    if (outcome === 'unanswered') return;
    if (outcome === 'cut') {
      request.socket.destroy();
      return;
    }
    response.writeHead(outcome.status, { ...outcome.headers, 'content-length': outcome.body.byteLength });
    response.end(outcome.body);
  } catch {
    // The caller hung up while it was being served: nobody is left to answer.
    request.socket.destroy();
  }
}
