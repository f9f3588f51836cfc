import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { minuteMs } from '../../../lambda/foundation/clock.ts';
import type { Said } from '../../cli/shell.ts';
import type { Flow } from '../gate.ts';
import { managedKey, type Ground, type MadeKey } from '../ground.ts';
import { pausesIn } from '../sight.ts';
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
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      ground.observer.told({ kind: 'emergency', managedKey });
      const act = typed(ground, 'rotate', managedKey, '--emergency', '--yes');
      return {
        act,
        again: untilDone(ground, act, () => stateOf(ground, next) === 'inactive'),
        beside: [act, beat(ground, 'retirement')],
        outcome: () => outcome(ground, { old, next, spare }, { old: 'inactive', next: 'inactive', spare: 'current' }),
      };
    },
  },
  {
    name: 'emergency-of-draining-key',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      ground.observer.told({ kind: 'containment', apiKeyId: old.id });
      const act = typed(ground, 'rotate', managedKey, '--emergency', '--api-key-id', old.id, '--yes');
      return {
        act,
        again: untilDone(ground, act),
        beside: [act, beat(ground, 'retirement')],
        outcome: () => outcome(ground, { old, next, spare }, { old: 'inactive', next: 'current', spare: 'standby' }),
      };
    },
  },
  {
    name: 'emergency-of-paused',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      ground.observer.told({ kind: 'pause', managedKey });
      await typed(ground, 'pause', managedKey, '--because', 'a freeze', '--yes')();
      ground.observer.told({ kind: 'resume', managedKey });
      ground.observer.told({ kind: 'emergency', managedKey });
      const act = typed(ground, 'rotate', managedKey, '--emergency', '--yes');
      const wanted = { old: 'inactive', next: 'inactive', spare: 'current', pause: 'is over', schedule: 'on' };
      return {
        act,
        again: untilDone(ground, act, () => stateOf(ground, next) === 'inactive'),
        beside: [act, beat(ground, 'retirement')],
        outcome: () => withPause(ground, outcome(ground, { old, next, spare }, wanted)),
      };
    },
  },
  {
    name: 'emergency-of-old-key',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      await graceOver(ground, old);
      const act = await wokenAndDistrusted(ground, old);
      let wanted: Readonly<Record<string, string>> = { old: 'contained', next: 'current', spare: 'standby' };
      // Where it is faster, the key is current again, and the same emergency is one of the managed key.
      const undo = async (): Promise<void> => {
        await ground.types(['undo', managedKey, '--api-key-id', old.id, '--yes']);
        ground.observer.told({ kind: 'emergency', managedKey });
        wanted = { old: 'contained|inactive', next: 'current|draining', spare: 'standby|current' };
      };
      return {
        act,
        again: thenRetirement(ground, untilDone(ground, act)),
        atOnce: act,
        beside: [act, beat(ground, 'retirement'), undo],
        outcome: () => outcome(ground, { old, next, spare }, wanted),
      };
    },
  },
  // Retirement would make it inactive at its next look.
  undoWith('undo', async () => undefined),
  undoWith('undo-of-inactive', (ground) => beat(ground, 'retirement')()),
  // It comes back only by its name.
  undoWith('undo-of-contained', async (ground, old) => (await wokenAndDistrusted(ground, old))(), 'by name'),
  {
    name: 'pause',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      ground.observer.told({ kind: 'pause', managedKey });
      const act = typed(ground, 'pause', managedKey, '--because', 'a freeze', '--yes');
      return {
        act,
        again: untilDone(ground, act),
        beside: [act, beat(ground, 'retirement')],
        outcome: () =>
          withPause(
            ground,
            outcome(ground, { old, next, spare }, { old: 'draining', next: 'current', spare: 'standby', pause: 'stands', schedule: 'off' }),
          ),
      };
    },
  },
  {
    name: 'pause-of-rotation',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      await claimedInVain(ground);
      ground.observer.told({ kind: 'pause', managedKey });
      const act = typed(ground, 'pause', managedKey, '--because', 'a freeze', '--yes');
      const wanted = { old: 'draining', next: 'current|draining', spare: 'pending|current', pause: 'stands', schedule: 'off' };
      return {
        act,
        again: untilDone(ground, act),
        beside: [act, beat(ground, 'retirement'), stepsAgain(ground)],
        // The rotation may end while the command waits for that.
        outcome: () => withPause(ground, outcome(ground, { old, next, spare }, wanted)),
      };
    },
  },
  {
    name: 'resume',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      ground.observer.told({ kind: 'pause', managedKey });
      await typed(ground, 'pause', managedKey, '--because', 'a freeze', '--yes')();
      ground.observer.told({ kind: 'resume', managedKey });
      const act = typed(ground, 'resume', managedKey);
      return {
        act,
        again: untilDone(ground, act),
        beside: [act, beat(ground, 'retirement')],
        outcome: () =>
          withPause(ground, outcome(ground, { old, next }, { old: 'draining', next: 'current', pause: 'is over', schedule: 'on' })),
      };
    },
  },
  {
    name: 'removal',
    async prepare(ground) {
      const { next } = await rotated(ground);
      const spare = await ground.adds();
      ground.observer.told({ kind: 'removal', apiKeyId: spare.id });
      const act = typed(ground, 'standby', 'remove', managedKey, spare.id, '--yes');
      return {
        act,
        again: untilDone(ground, act),
        // A rotation claims the very key that is being removed.
        beside: [act, beat(ground, 'retirement'), askedRotation(ground)],
        outcome: () => outcome(ground, { next, spare }, { next: 'current|draining', spare: 'archived|current' }),
      };
    },
  },
  {
    name: 'dry-run',
    async prepare(ground) {
      const { next } = await rotated(ground);
      const spare = await ground.adds();
      const act = typed(ground, 'rotate', managedKey, '--dry-run');
      return {
        act,
        again: untilDone(ground, act),
        beside: [act, beat(ground, 'retirement'), askedRotation(ground)],
        outcome: () => outcome(ground, { next, spare }, { next: 'current|draining', spare: 'standby|current' }),
      };
    },
  },
  {
    name: 'standby-check',
    async prepare(ground) {
      const { next } = await rotated(ground);
      const spare = await ground.adds();
      const act = typed(ground, 'standby', 'check', managedKey, '--prove');
      return {
        act,
        again: untilDone(ground, act),
        beside: [act, beat(ground, 'retirement'), askedRotation(ground)],
        outcome: () => outcome(ground, { next, spare }, { next: 'current|draining', spare: 'standby|current' }),
      };
    },
  },
  {
    name: 'unstick',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      const spare = await ground.adds();
      await stuckRotation(ground);
      const act = typed(ground, 'unstick', managedKey, '--yes');
      return {
        act,
        again: untilDone(ground, act),
        beside: [act, beat(ground, 'retirement'), stepsAgain(ground)],
        // The rotation may go on, or begin again.
        outcome: () => outcome(ground, { old, next, spare }, { old: 'draining', next: 'current|draining', spare: 'standby|current' }),
      };
    },
  },
  {
    name: 'unstick-half-done',
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      await graceOver(ground, old);
      await diesBefore(ground, 'POST', beat(ground, 'retirement'));
      ground.world.clock.advance(20 * minuteMs);
      const act = typed(ground, 'unstick', managedKey, '--yes');
      return {
        act,
        again: thenRetirement(ground, untilDone(ground, act)),
        atOnce: act,
        beside: [act, beat(ground, 'retirement'), typed(ground, 'undo', managedKey, '--yes')],
        outcome: () => outcome(ground, { old, next }, { old: 'inactive|current', next: 'current|draining' }),
      };
    },
  },
];

function undoWith(name: string, before: (ground: Ground, old: MadeKey) => Promise<unknown>, byName?: 'by name'): Operation {
  return {
    name,
    async prepare(ground) {
      const { old, next } = await rotated(ground);
      await graceOver(ground, old);
      await before(ground, old);
      const act = typed(ground, 'undo', managedKey, ...(byName === undefined ? [] : ['--api-key-id', old.id]), '--yes');
      return {
        act,
        again: thenRetirement(ground, untilDone(ground, act)),
        atOnce: act,
        beside: [act, beat(ground, 'retirement')],
        outcome: () => outcome(ground, { old, next }, { old: 'current', next: 'draining' }),
      };
    },
  };
}

/** The key, whose grace is over, sleeps, and somebody wakes it in the Console; answers the command that cuts it off. */
async function wokenAndDistrusted(ground: Ground, old: MadeKey): Promise<() => Promise<Said>> {
  await beat(ground, 'retirement')();
  ground.inConsole(old, 'active');
  ground.observer.told({ kind: 'containment', apiKeyId: old.id });
  return typed(ground, 'rotate', managedKey, '--emergency', '--api-key-id', old.id, '--yes');
}

/** What `graceOver` has stopped runs again, once this is done. */
function thenRetirement({ world }: Ground, flow: Flow): Flow {
  return async () => {
    await flow();
    world.aws.schedules.enable('retirement');
  };
}

/** A rotation has claimed a key and cannot prove it; nobody tries it again for twenty minutes. */
async function stuckRotation(ground: Ground): Promise<void> {
  await claimedInVain(ground);
  ground.observer.told({ kind: 'rotation-given-up', managedKey });
  ground.world.clock.advance(20 * minuteMs);
}

async function claimedInVain(ground: Ground): Promise<void> {
  const mend = ground.world.anthropic.intercept.onCall(({ phase, route }) =>
    phase === 'before' && route === '/v1/models' ? { kind: 'status', status: 500 } : undefined,
  );
  await ground.rotates();
  mend();
}

/** The function dies before its first call of this method at Anthropic. */
async function diesBefore({ world }: Ground, method: string, act: Flow): Promise<void> {
  let killed = (): void => undefined;
  const death = new Promise<void>((resolve) => (killed = resolve));
  const stop = world.anthropic.intercept.onCall((call) => {
    if (call.phase !== 'before' || call.method !== method) return undefined;
    world.aws.functions.kill();
    killed();
    return new Promise(() => undefined);
  });
  await Promise.race([act(), death]);
  stop();
}

async function withPause(ground: Ground, { is, shouldBe }: Outcome): Promise<Outcome> {
  const { RotationEnabled } = await ground.world.secrets.send(
    new DescribeSecretCommand({ SecretId: ground.world.definition(managedKey).secretArn }),
  );
  return {
    is: { ...is, pause: pausesIn(ground.world).has(managedKey) ? 'stands' : 'is over', schedule: RotationEnabled === true ? 'on' : 'off' },
    shouldBe,
  };
}
