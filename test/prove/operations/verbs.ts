import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import type { Said } from '../../cli/shell.ts';
import type { Flow } from '../gate.ts';
import { managedKey, type ProofWorld, type MadeKey } from '../world.ts';
import { pausesIn } from '../observations.ts';
import {
  askedRotation,
  beat,
  graceOver,
  outcome,
  rotated,
  stateOf,
  stepsAgain,
  typed,
  untilDone,
  type Operation,
  type Outcome,
} from '../operation.ts';

/** What an operator types. */
export const verbs: readonly Operation[] = [
  {
    name: 'emergency',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const spare = await world.adds();
      world.observer.told({ kind: 'emergency', managedKey });
      const act = typed(world, 'rotate', managedKey, '--emergency', '--yes');
      return {
        act,
        again: untilDone(world, act, () => stateOf(world, next) === 'inactive'),
        beside: [act, beat(world, 'retirement')],
        outcome: () => outcome(world, { old, next, spare }, { old: 'inactive', next: 'inactive', spare: 'current' }),
      };
    },
  },
  {
    name: 'emergency-of-draining-key',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const spare = await world.adds();
      world.observer.told({ kind: 'containment', apiKeyId: old.id });
      const act = typed(world, 'rotate', managedKey, '--emergency', '--api-key-id', old.id, '--yes');
      return {
        act,
        again: untilDone(world, act),
        beside: [act, beat(world, 'retirement')],
        outcome: () => outcome(world, { old, next, spare }, { old: 'inactive', next: 'current', spare: 'standby' }),
      };
    },
  },
  {
    name: 'emergency-of-paused',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const spare = await world.adds();
      world.observer.told({ kind: 'pause', managedKey });
      await typed(world, 'pause', managedKey, '--because', 'a freeze', '--yes')();
      world.observer.told({ kind: 'resume', managedKey });
      world.observer.told({ kind: 'emergency', managedKey });
      const act = typed(world, 'rotate', managedKey, '--emergency', '--yes');
      const wanted = { old: 'inactive', next: 'inactive', spare: 'current', pause: 'is over', schedule: 'on' };
      return {
        act,
        again: untilDone(world, act, () => stateOf(world, next) === 'inactive'),
        beside: [act, beat(world, 'retirement')],
        outcome: () => withPause(world, outcome(world, { old, next, spare }, wanted)),
      };
    },
  },
  {
    name: 'emergency-of-old-key',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const spare = await world.adds();
      await graceOver(world, old);
      const act = await reactivatedAndDistrusted(world, old);
      let wanted: Readonly<Record<string, string>> = { old: 'contained', next: 'current', spare: 'standby' };
      // Where it is faster, the key is current again, and the same emergency is one of the managed key.
      const undo = async (): Promise<void> => {
        await world.types(['undo', managedKey, '--api-key-id', old.id, '--yes']);
        world.observer.told({ kind: 'emergency', managedKey });
        wanted = { old: 'contained|inactive', next: 'current|draining', spare: 'standby|current' };
      };
      return {
        act,
        again: thenRetirement(world, untilDone(world, act)),
        atOnce: act,
        beside: [act, beat(world, 'retirement'), undo],
        outcome: () => outcome(world, { old, next, spare }, wanted),
      };
    },
  },
  // Retirement would make it inactive at its next look.
  undoWith('undo', async () => undefined),
  undoWith('undo-of-inactive', (world) => beat(world, 'retirement')()),
  // It comes back only by its name.
  undoWith('undo-of-contained', async (world, old) => (await reactivatedAndDistrusted(world, old))(), 'by name'),
  {
    name: 'pause',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const spare = await world.adds();
      world.observer.told({ kind: 'pause', managedKey });
      const act = typed(world, 'pause', managedKey, '--because', 'a freeze', '--yes');
      return {
        act,
        again: untilDone(world, act),
        beside: [act, beat(world, 'retirement')],
        outcome: () =>
          withPause(
            world,
            outcome(world, { old, next, spare }, { old: 'draining', next: 'current', spare: 'standby', pause: 'stands', schedule: 'off' }),
          ),
      };
    },
  },
  {
    name: 'pause-of-rotation',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const spare = await world.adds();
      await claimedInVain(world);
      world.observer.told({ kind: 'pause', managedKey });
      const act = typed(world, 'pause', managedKey, '--because', 'a freeze', '--yes');
      const wanted = { old: 'draining', next: 'current|draining', spare: 'pending|current', pause: 'stands', schedule: 'off' };
      return {
        act,
        again: untilDone(world, act),
        beside: [act, beat(world, 'retirement'), stepsAgain(world)],
        // The rotation may end while the command waits for that.
        outcome: () => withPause(world, outcome(world, { old, next, spare }, wanted)),
      };
    },
  },
  {
    name: 'resume',
    async prepare(world) {
      const { old, next } = await rotated(world);
      world.observer.told({ kind: 'pause', managedKey });
      await typed(world, 'pause', managedKey, '--because', 'a freeze', '--yes')();
      world.observer.told({ kind: 'resume', managedKey });
      const act = typed(world, 'resume', managedKey);
      return {
        act,
        again: untilDone(world, act),
        beside: [act, beat(world, 'retirement')],
        outcome: () =>
          withPause(world, outcome(world, { old, next }, { old: 'draining', next: 'current', pause: 'is over', schedule: 'on' })),
      };
    },
  },
  {
    name: 'removal',
    async prepare(world) {
      const { next } = await rotated(world);
      const spare = await world.adds();
      world.observer.told({ kind: 'removal', apiKeyId: spare.id });
      const act = typed(world, 'standby', 'remove', managedKey, spare.id, '--yes');
      return {
        act,
        again: untilDone(world, act),
        // A rotation claims the very key that is being removed.
        beside: [act, beat(world, 'retirement'), askedRotation(world)],
        outcome: () => outcome(world, { next, spare }, { next: 'current|draining', spare: 'archived|current' }),
      };
    },
  },
  {
    name: 'dry-run',
    async prepare(world) {
      const { next } = await rotated(world);
      const spare = await world.adds();
      const act = typed(world, 'rotate', managedKey, '--dry-run');
      return {
        act,
        again: untilDone(world, act),
        beside: [act, beat(world, 'retirement'), askedRotation(world)],
        outcome: () => outcome(world, { next, spare }, { next: 'current|draining', spare: 'standby|current' }),
      };
    },
  },
  {
    name: 'standby-check',
    async prepare(world) {
      const { next } = await rotated(world);
      const spare = await world.adds();
      const act = typed(world, 'standby', 'check', managedKey, '--prove');
      return {
        act,
        again: untilDone(world, act),
        beside: [act, beat(world, 'retirement'), askedRotation(world)],
        outcome: () => outcome(world, { next, spare }, { next: 'current|draining', spare: 'standby|current' }),
      };
    },
  },
  {
    name: 'unstick',
    async prepare(world) {
      const { old, next } = await rotated(world);
      const spare = await world.adds();
      await stuckRotation(world);
      const act = typed(world, 'unstick', managedKey, '--yes');
      return {
        act,
        again: untilDone(world, act),
        beside: [act, beat(world, 'retirement'), stepsAgain(world)],
        // The rotation may go on, or begin again.
        outcome: () => outcome(world, { old, next, spare }, { old: 'draining', next: 'current|draining', spare: 'standby|current' }),
      };
    },
  },
  {
    name: 'unstick-half-done',
    async prepare(world) {
      const { old, next } = await rotated(world);
      await graceOver(world, old);
      await diesBefore(world, 'POST', beat(world, 'retirement'));
      world.local.clock.advance(20 * minuteMs);
      const act = typed(world, 'unstick', managedKey, '--yes');
      return {
        act,
        again: thenRetirement(world, untilDone(world, act)),
        atOnce: act,
        beside: [act, beat(world, 'retirement'), typed(world, 'undo', managedKey, '--yes')],
        outcome: () => outcome(world, { old, next }, { old: 'inactive|current', next: 'current|draining' }),
      };
    },
  },
];

function undoWith(name: string, before: (world: ProofWorld, old: MadeKey) => Promise<unknown>, byName?: 'by name'): Operation {
  return {
    name,
    async prepare(world) {
      const { old, next } = await rotated(world);
      await graceOver(world, old);
      await before(world, old);
      const act = typed(world, 'undo', managedKey, ...(byName === undefined ? [] : ['--api-key-id', old.id]), '--yes');
      return {
        act,
        again: thenRetirement(world, untilDone(world, act)),
        atOnce: act,
        beside: [act, beat(world, 'retirement')],
        outcome: () => outcome(world, { old, next }, { old: 'current', next: 'draining' }),
      };
    },
  };
}

/** The key, whose grace is over, is inactive, and somebody reactivates it in the Console; answers the command that cuts it off. */
async function reactivatedAndDistrusted(world: ProofWorld, old: MadeKey): Promise<() => Promise<Said>> {
  await beat(world, 'retirement')();
  world.inConsole(old, 'active');
  world.observer.told({ kind: 'containment', apiKeyId: old.id });
  return typed(world, 'rotate', managedKey, '--emergency', '--api-key-id', old.id, '--yes');
}

/** What `graceOver` has stopped runs again, once this is done. */
function thenRetirement({ local }: ProofWorld, flow: Flow): Flow {
  return async () => {
    await flow();
    local.aws.schedules.enable('retirement');
  };
}

/** A rotation has claimed a key and cannot prove it; nobody tries it again for twenty minutes. */
async function stuckRotation(world: ProofWorld): Promise<void> {
  await claimedInVain(world);
  world.observer.told({ kind: 'rotation-given-up', managedKey });
  world.local.clock.advance(20 * minuteMs);
}

async function claimedInVain(world: ProofWorld): Promise<void> {
  const mend = world.local.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/models' ? { kind: 'status', status: 500 } : undefined,
  );
  await world.rotates();
  mend();
}

/** The function dies before its first call of this method at Anthropic. */
async function diesBefore({ local }: ProofWorld, method: string, act: Flow): Promise<void> {
  let killed = (): void => undefined;
  const reportDead = new Promise<void>((resolve) => (killed = resolve));
  const stop = local.anthropic.intercept.onCall((call) => {
    if (call.phase !== 'before' || call.method !== method) return undefined;
    local.aws.functions.kill();
    killed();
    return new Promise(() => undefined);
  });
  await Promise.race([act(), reportDead]);
  stop();
}

async function withPause(world: ProofWorld, { is, shouldBe }: Outcome): Promise<Outcome> {
  const { RotationEnabled } = await world.local.secrets.send(
    new DescribeSecretCommand({ SecretId: world.local.definition(managedKey).secretArn }),
  );
  return {
    is: { ...is, pause: pausesIn(world.local).has(managedKey) ? 'stands' : 'is over', schedule: RotationEnabled === true ? 'on' : 'off' },
    shouldBe,
  };
}
