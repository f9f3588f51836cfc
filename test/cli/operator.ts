import { expect } from 'vitest';
import { minuteMs } from '../../lambda/foundation/clock.ts';
import { startWorld, type World, type WorldOptions } from '../../local/world.ts';
import { configurationFile, keyguard, type Said } from './shell.ts';

/** Somebody at the keyboard of an installation in a local world, who remembers what was said and what must never be. */
export interface Operator {
  readonly world: World;
  run(args: readonly string[], stdin?: string): Promise<Said>;
  /** Runs with `--json`, expects success, and answers what was printed. */
  asJson(args: readonly string[]): Promise<unknown>;
  /** Runs, and is killed for good before or after the effect of a call to AWS. */
  killed(args: readonly string[], at: Moment): Promise<void>;
  /** A person makes a key in the Console and copies its value. */
  made(options?: { readonly workspaceId?: string; readonly expiresAt?: number }): { readonly id: string; readonly value: string };
  /** A key is made and taken in, by the world and not by the command; answers its id. */
  added(): Promise<string>;
  /** From now on this value must not be in anything that a command says, nor have been. */
  guards(value: string): string;
  /** Stops the world, after a look at all that was said. */
  leaves(): Promise<void>;
}

export interface Moment {
  readonly phase: 'before' | 'after';
  readonly operation: string;
  /** Calls of that kind that pass first. @default 0 */
  readonly skip?: number;
}

/** Where nobody looks at usage the world is a good deal faster. */
interface OperatorOptions extends Partial<WorldOptions> {
  /** @default false: the anomaly detector does not run by itself */
  readonly detects?: boolean;
}

export async function anOperator({ detects = false, ...options }: OperatorOptions = {}): Promise<Operator> {
  const world = await startWorld({ managedKeys: [{ name: 'production' }], ...options });
  if (!detects) world.aws.schedules.disable('anomaly-detector');
  const values: string[] = [];
  let heard = '';
  const run: Operator['run'] = async (args, stdin = '') => {
    const said = await keyguard([...args, '--config', configurationFile(world)], { stdin, world });
    heard += said.out + said.err;
    return said;
  };
  const guards = (value: string): string => {
    values.push(value);
    return value;
  };
  const made: Operator['made'] = (changes = {}) => {
    const key = world.anthropic.console.createApiKey({
      name: 'new',
      workspaceId: changes.workspaceId ?? world.definition('production').workspaceId,
      ...changes,
    });
    guards(key.value);
    return key;
  };
  return {
    world,
    run,
    made,
    guards,
    async killed(args, { phase, operation, skip = 0 }) {
      let left = skip;
      await new Promise<void>((resolve, reject) => {
        const stop = world.aws.intercept.onCall(async (call) => {
          if (call.phase !== phase || call.operation !== operation || left-- > 0) return undefined;
          stop();
          resolve();
          return new Promise<never>(() => undefined);
        });
        void run(args).then((said) => reject(new Error(`${args.join(' ')} ended before ${operation}: ${said.err}`)));
      });
    },
    async asJson(args) {
      const said = await run([...args, '--json']);
      expect(said).toMatchObject({ code: 0 });
      return JSON.parse(said.out) as unknown;
    },
    async added() {
      const { apiKeyId, value } = await world.addStandbyKey('production');
      guards(value);
      world.clock.advance(minuteMs);
      return apiKeyId;
    },
    async leaves() {
      await world.stop();
      for (const value of values) {
        expect(value.length).toBeGreaterThan(30);
        // Without what Anthropic itself shows as a hint.
        expect(heard).not.toContain(value.slice(18, -6));
      }
    },
  };
}
