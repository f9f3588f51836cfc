import { createServer } from 'node:http';
import { RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { startWorld, type World, type WorldOptions } from '../../local/world.ts';
import { configurationFile, keyguard, type Said } from '../cli/shell.ts';
import { othersWork } from '../support/others.ts';
import { observe, type Observer } from './observer.ts';

export const managedKey = 'production';

/** What is used by consumers in a minute. */
const traffic = { model: 'claude-haiku-5-5', requests: 3, uncachedInputTokens: 900, cacheReadTokens: 0, outputTokens: 300 };

/** Beats of the schedules after an operation, until nothing more comes by itself. */
const quiescenceMinutes = [5, 5, 5, 5, 10, 30, 60, 60];

export interface MadeKey {
  readonly id: string;
  readonly value: string;
}

/** A local world with an observer in it, and the people who act there. */
export interface ProofWorld {
  readonly local: World;
  readonly observer: Observer;
  /** In the Console. */
  makes(options?: { readonly expiresAt?: number; readonly workspaceId?: string }): MadeKey;
  /** Types a command. Never throws: people read what it says. */
  types(args: readonly string[], stdin?: string): Promise<Said>;
  /** Makes a key and takes it in. Throws when that fails. */
  adds(): Promise<MadeKey>;
  /** Asks Secrets Manager to rotate: it begins when the world next handles what is due. */
  asksToRotate(): Promise<void>;
  /** Asks Secrets Manager to rotate, and lets it finish. */
  rotates(): Promise<void>;
  uses(key: MadeKey): void;
  /** Somebody changes the key in the Console. */
  inConsole(key: MadeKey, status: 'active' | 'inactive' | 'archived'): void;
  /** Time leaps, and what became due happens. */
  passes(ms: number): Promise<void>;
  /** The usage feed is read. */
  collects(): Promise<void>;
  /** Everything that comes by itself comes. */
  comesToQuiescence(): Promise<void>;
  leaves(): Promise<void>;
}

export interface ProofWorldOptions {
  readonly seed: number;
  readonly world?: Partial<WorldOptions>;
}

/** Starts a world. One at a time in a thread. */
export async function aProofWorld({ seed, world: changes = {} }: ProofWorldOptions): Promise<ProofWorld> {
  // An even seed's world takes its time to make a changed status felt.
  const delayMs = seed % 2 === 0 ? 15_000 : 0;
  const world = await startWorld({
    managedKeys: [{ name: managedKey }],
    seed,
    start: new Date(Date.UTC(2026, 8, 7, (seed * 7) % 24)).toISOString(),
    anthropic: { deactivationDelayMs: delayMs },
    // Both are allowed on AWS.
    aws: { pendingAfterSwitch: seed % 4 < 2 ? 'stays' : 'removed' },
    ...changes,
  });
  // They have proofs of their own, and make many calls.
  for (const schedule of ['anomaly-detector', 'usage-collector']) world.aws.schedules.disable(schedule);
  const observer = observe(world, { managedKeys: [managedKey], delayMs });

  const makes: ProofWorld['makes'] = (options = {}) => {
    const key = world.anthropic.console.createApiKey({
      name: `${managedKey}-${world.anthropic.inspect.keys().length + 1}`,
      workspaceId: world.definition(managedKey).workspaceId,
      ...options,
    });
    observer.made(key.id, key.value);
    return key;
  };
  const types: ProofWorld['types'] = async (args, stdin = '') => {
    const said = await keyguard([...args, '--config', configurationFile(world)], { stdin, world });
    observer.heard(said.out + said.err);
    return said;
  };
  const passes: ProofWorld['passes'] = async (ms) => {
    world.clock.advance(ms);
    await world.aws.settle({ coalesce: true });
  };
  const asksToRotate: ProofWorld['asksToRotate'] = async () => {
    await world.secrets.send(new RotateSecretCommand({ SecretId: world.definition(managedKey).secretArn }));
  };
  return {
    local: world,
    observer,
    makes,
    types,
    passes,
    async adds() {
      const { apiKeyId: id, value } = await world.addStandbyKey(managedKey);
      observer.made(id, value);
      world.clock.advance(minuteMs);
      return { id, value };
    },
    asksToRotate,
    async rotates() {
      await asksToRotate();
      await passes(0);
    },
    uses(key) {
      world.anthropic.use(key.value, traffic);
    },
    inConsole(key, status) {
      world.anthropic.console.setStatus(key.id, status);
      observer.look();
    },
    async collects() {
      // Somebody else's tokens show how far the report reaches.
      othersWork(world);
      await world.aws.functions.invoke('usage-collector', {}, 'by hand');
    },
    async comesToQuiescence() {
      for (const minutes of quiescenceMinutes) await passes(minutes * minuteMs);
    },
    async leaves() {
      await world.stop();
      await Promise.all([world.aws.endpoint, world.anthropic.baseUrl, world.slack.credential].map(closedForGood));
    },
  };
}

/**
 * A port that is free is given out again. What was killed in a world lives on in this process, and its SDK tries once more: at its
 * address it must not find the next world, where it would act by the clock of the one that it died in. Not by hanging up: a client
 * may take that for a reason to connect anew, for ever.
 */
function closedForGood(url: string): Promise<void> {
  const nobody = createServer((_request, response) => response.writeHead(503, { connection: 'close' }).end());
  nobody.unref();
  return new Promise((resolve, reject) => {
    nobody.once('error', reject);
    nobody.listen(Number(new URL(url).port), '127.0.0.1', resolve);
  });
}
