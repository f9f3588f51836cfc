import { dayMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { drawUsage, type MinuteUsage } from '../traffic/draw.ts';
import { profiles, type ProfileName } from '../traffic/profiles.ts';
import { keysOf, replayUsage } from '../traffic/replay.ts';
import type { Cast } from './story.ts';

const week = 7 * 24 * 60;

interface Role {
  readonly name: string;
  readonly profile: ProfileName;
  /** The profiles are those of large customers; a team's own traffic is smaller. */
  readonly level: number;
  readonly cacheMs: number;
  readonly mode: 'off' | 'auto';
}

/** Three teams: a product by day and night, a tool for office hours, and a nightly batch whose workers read the secret rarely. */
const roles: readonly Role[] = [
  { name: 'production', profile: 'busy-seasonal', level: 0.02, cacheMs: 5 * minuteMs, mode: 'auto' },
  { name: 'internal-tools', profile: 'office-hours', level: 0.02, cacheMs: 5 * minuteMs, mode: 'auto' },
  { name: 'nightly-reports', profile: 'nightly-batch', level: 0.02, cacheMs: dayMs, mode: 'off' },
];

/** Retirement and archiving fit into the week that the demo shows. */
const rotation = { undoMs: 2 * dayMs };

/** Seeded traffic drawn from the fitted profiles. */
export function drawnCast(seed: number, from: number): readonly Cast[] {
  return roles.map((role, index) =>
    castOf(
      role,
      `drawn from the profile ${role.profile}`,
      drawUsage(profiles()[role.profile], { seed: seed + index, from, minutes: week, level: role.level }),
    ),
  );
}

/** Real traffic from a trace: the keys that were asked for, or three of different kinds. Throws TraceError. */
export function replayedCast(file: string, keys: readonly string[], seed: number, from: number): readonly Cast[] {
  const known = keysOf(file);
  // Busy and seasonal keys come first in the trace, sparse and batch ones last.
  const chosen =
    keys.length > 0 ? keys : [...new Set([known[0], known[Math.floor(known.length / 2)], known.at(-1)])].filter((key) => key !== undefined);
  return chosen.slice(0, roles.length).map((key, index) => {
    const role = roles[index] ?? roles[0];
    if (role === undefined) throw new RangeError('no role');
    return castOf(role, `key ${key} of the trace`, replayUsage(file, { key, from, minutes: week, seed }));
  });
}

function castOf(role: Role, profile: string, usage: Iterable<MinuteUsage>): Cast {
  return {
    name: role.name,
    profile,
    usage: [...usage],
    cacheMs: role.cacheMs,
    rotation,
    containment: { mode: role.mode, lastCredential: 'keep' },
  };
}
