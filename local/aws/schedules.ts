import type { DueSource } from './agenda.ts';
import type { Functions } from './functions.ts';
import type { WorldClock } from '../clock.ts';
import type { Randomness } from './randomness.ts';

/** EventBridge Scheduler, rate schedules only, on the world's clock. */
export interface Schedules {
  /** First beat one period from now. Throws RangeError for a rate below one minute, which AWS refuses too. */
  add(name: string, everyMs: number, functionName: string, input?: unknown): void;
  disable(name: string): void;
  enable(name: string): void;
}

interface Schedule {
  readonly name: string;
  readonly everyMs: number;
  readonly functionName: string;
  readonly input: unknown;
  enabled: boolean;
  nextAt: number;
}

export function createSchedules(world: {
  readonly accountId: string;
  readonly region: string;
  readonly clock: WorldClock;
  readonly randomness: Randomness;
  readonly functions: Functions;
}): { readonly schedules: Schedules; readonly source: DueSource } {
  const { clock, randomness, functions } = world;
  const all = new Map<string, Schedule>();
  const earliest = (): Schedule | undefined => {
    let best: Schedule | undefined;
    for (const schedule of all.values()) {
      if (schedule.enabled && (best === undefined || schedule.nextAt < best.nextAt)) best = schedule;
    }
    return best;
  };
  const find = (name: string): Schedule => {
    const found = all.get(name);
    if (found === undefined) throw new RangeError(`no schedule named ${name}`);
    return found;
  };

  const source: DueSource = {
    next: () => earliest()?.nextAt,
    async run({ coalesce = false }) {
      const schedule = earliest();
      if (schedule === undefined) return;
      const behind = Math.floor((clock.now() - schedule.nextAt) / schedule.everyMs);
      const beatAt = coalesce ? schedule.nextAt + Math.max(0, behind) * schedule.everyMs : schedule.nextAt;
      schedule.nextAt = beatAt + schedule.everyMs;
      functions.invokeLater(schedule.functionName, schedule.input ?? scheduledEvent(schedule, beatAt), 'schedule');
    },
  };

  // What Scheduler sends to a Lambda target that has no input of its own; its `detail` is a string.
  const scheduledEvent = (schedule: Schedule, at: number): unknown => ({
    version: '0',
    id: randomness.uuid(),
    'detail-type': 'Scheduled Event',
    source: 'aws.scheduler',
    account: world.accountId,
    time: new Date(at).toISOString().replace('.000Z', 'Z'),
    region: world.region,
    resources: [`arn:aws:scheduler:${world.region}:${world.accountId}:schedule/default/${schedule.name}`],
    detail: '{}',
  });

  return {
    source,
    schedules: {
      add(name, everyMs, functionName, input) {
        if (everyMs < 60_000) throw new RangeError(`schedule ${name}: a rate is at least one minute, not ${everyMs} ms`);
        if (!functions.exists(functionName)) throw new RangeError(`schedule ${name}: no function ${functionName} is registered`);
        all.set(name, { name, everyMs, functionName, input, enabled: true, nextAt: clock.now() + everyMs });
      },
      disable: (name) => void (find(name).enabled = false),
      enable(name) {
        const schedule = find(name);
        // Beats that passed while it was off are not made up for.
        while (schedule.nextAt <= clock.now()) schedule.nextAt += schedule.everyMs;
        schedule.enabled = true;
      },
    },
  };
}
