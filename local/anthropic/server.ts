import type { WorldClock } from '../clock.ts';
import type { Console } from './console.ts';
import type { ExchangeRecord, Inspect } from './inspect.ts';
import type { Intercept } from './intercept.ts';
import type { Organization, Platform } from './state.ts';
import type { Traffic, UseOutcome } from './use.ts';
import { createServer } from 'node:http';
import { apiKeyRoutes } from './api-keys.ts';
import { analyticsRoutes } from './analytics.ts';
import { consoleOf } from './console.ts';
import { answerer } from './answer.ts';
import { costReportRoutes } from './cost-report.ts';
import { drawFrom } from './draw.ts';
import { federationOf } from './federation.ts';
import { inspector, tallies } from './inspect.ts';
import { interceptor } from './intercept.ts';
import { workspaceLimits } from './limits.ts';
import { messageRoutes } from './messages.ts';
import { modelRoutes } from './models.ts';
import { rateHeaders } from './rate-headers.ts';
import { oauthRoutes } from './oauth.ts';
import { organizationRoutes } from './organizations.ts';
import { useCredential } from './use.ts';
import { usageFaults } from './usage-faults.ts';
import { usageLedger } from './usage-ledger.ts';
import { usageReportRoutes } from './usage-report.ts';
import { workspaceRoutes } from './workspaces.ts';

export interface LocalAnthropicOptions {
  readonly clock: WorldClock;
  /** @default a free one */
  readonly port?: number;
  /** Ids, values and replies are drawn from it. @default 1 */
  readonly seed?: number;
  /** How long after a request its usage appears in the usage report. @default five minutes */
  readonly usageDelayMs?: number;
  /** How long an inactive key still works, and an activated one does not yet. @default 0 */
  readonly deactivationDelayMs?: number;
  /** The analytics reports know what happened up to the last multiple of this. @default four hours */
  readonly analyticsRefreshMs?: number;
  /** Whether the analytics reports take `org:admin` tokens, which Anthropic does not say. @default false */
  readonly analyticsAcceptsTokens?: boolean;
}

/** A Claude platform on loopback, for tests, demos and development without a key. */
export interface LocalAnthropic {
  /** `http://127.0.0.1:…`, without a slash at the end: the SDK's `baseURL`. */
  readonly baseUrl: string;
  /** The organization that is there from the start. */
  readonly organization: Organization;
  readonly console: Console;
  readonly inspect: Inspect;
  readonly intercept: Intercept;
  /** Many requests at once without HTTP, judged and counted exactly as over HTTP. */
  use(value: string, traffic: Traffic): UseOutcome;
  stop(): Promise<void>;
}

const MINUTE_MS = 60_000;

/** Starts the platform with one organization, which has its default workspace and nothing else. */
export async function startLocalAnthropic(options: LocalAnthropicOptions): Promise<LocalAnthropic> {
  const platform = emptyPlatform(options);
  const federation = federationOf(platform);
  const people = consoleOf(platform, federation);
  const organization = people.createOrganization('Local Organization');
  const counted = tallies();
  const exchanges: ExchangeRecord[] = [];
  const intercept = interceptor({ ...platform.usage, ...platform.usageFaults }, platform.limits);
  const routes = [
    ...organizationRoutes(platform),
    ...apiKeyRoutes(platform),
    ...workspaceRoutes(platform),
    ...usageReportRoutes(platform),
    ...costReportRoutes(platform),
    ...analyticsRoutes(platform),
    ...oauthRoutes(platform, federation, exchanges),
    ...modelRoutes(),
    ...messageRoutes(platform),
  ];
  const server = createServer(answerer({ platform, routes, intercept, counted }));
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no port'));
      else resolve(address.port);
    });
  });
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    organization,
    console: people,
    inspect: inspector(platform, counted, exchanges),
    intercept,
    use: (value, traffic) => useCredential(platform, counted, value, traffic),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function emptyPlatform(options: LocalAnthropicOptions): Platform {
  const seed = options.seed ?? 1;
  const usageDelayMs = options.usageDelayMs ?? 5 * MINUTE_MS;
  return {
    clock: options.clock,
    draw: drawFrom(seed),
    seed,
    settings: {
      deactivationDelayMs: options.deactivationDelayMs ?? 0,
      usageDelayMs,
      activeKeysPerOrganization: Infinity,
      activeKeysPerWorkspace: Infinity,
      analyticsRefreshMs: options.analyticsRefreshMs ?? 240 * MINUTE_MS,
      analyticsAcceptsTokens: options.analyticsAcceptsTokens ?? false,
    },
    organizations: new Map(),
    workspaces: new Map(),
    keys: new Map(),
    adminKeys: new Map(),
    accounts: new Map(),
    credentials: new Map(),
    usage: usageLedger(usageDelayMs),
    usageFaults: usageFaults(),
    limits: workspaceLimits(),
    rates: rateHeaders(),
  };
}
