import type { IncidentRecord } from '../../../contract/records.ts';
import { dayMs, hourMs, minuteMs } from '../../../lambda/foundation/clock.ts';
import { announceOwed } from '../../../lambda/incidents/announce.ts';
import { containIncidents, findBrakes } from '../../../lambda/incidents/contain.ts';
import { clear, record } from '../../../lambda/incidents/raise.ts';
import { onboardStandbyKey } from '../../../lambda/rotation/onboard.ts';
import { removeKey } from '../../../lambda/rotation/commands/remove.ts';
import { lookAtOldKey, revokeOldKey } from '../../../lambda/rotation/commands/revoke-old-key.ts';
import { isHeld, planRevocation, stolenKey } from '../../../lambda/rotation/commands/revoke-plan.ts';
import { requestRevocation } from '../../../lambda/rotation/commands/revoke.ts';
import { readSnapshot } from '../../../lambda/rotation/commands/snapshot.ts';
import { planUndo, requestUndo } from '../../../lambda/rotation/commands/undo.ts';
import { runRetirement } from '../../../lambda/rotation/run-retirement.ts';
import { rotationStep } from '../../../lambda/rotation/rotate.ts';
import { verifyStandbyKeys } from '../../../lambda/rotation/verify-standby.ts';
import { definition, MemoryWorld, undisturbed } from './memory.ts';
import { containmentPorts } from './memory-incidents.ts';
import { runSchedule, type Actor } from './schedule.ts';

/** Two runs that meet, from a world that is set up for them. */
export interface Scenario {
  readonly name: string;
  readonly begin: () => Promise<MemoryWorld>;
  readonly actors: (world: MemoryWorld) => readonly Actor[];
  /** One run's late call meets what another one finished: each pair of changes of turn, also in the short form, and no deaths beside them. */
  readonly onlyTurns?: true;
  /** The API key that consumers must read in the end. @default any */
  readonly keeps?: string;
}

const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

/** As Secrets Manager calls it: one step after the other, and no further than the first that fails. */
export function rotation(world: MemoryWorld, token: string, name = 'rotation'): Actor {
  return {
    name,
    run: async (gate) => {
      for (const Step of steps) {
        await rotationStep({ Step, SecretId: definition.secretName, ClientRequestToken: token }, world.ports(gate));
      }
    },
  };
}

export function retirement(world: MemoryWorld, name = 'retirement'): Actor {
  return {
    name,
    run: async (gate) => {
      const { failed } = await runRetirement(world.ports(gate));
      if (failed === 0) world.seen();
    },
  };
}

/** A minute of the detector: what containment will do, the message that says it, the act. */
export function containment(world: MemoryWorld, name = 'containment'): Actor {
  return {
    name,
    run: async (gate) => {
      const ports = containmentPorts(world, gate);
      await findBrakes(ports);
      await announceOwed(ports);
      await containIncidents(ports);
    },
  };
}

export function intake(world: MemoryWorld, apiKeyId: string, name = 'intake'): Actor {
  const value = world.key(apiKeyId).value;
  return { name, run: (gate) => onboardStandbyKey(world.definition, value, { apiKeyId, by: name }, world.ports(gate)) };
}

export function verification(world: MemoryWorld, apiKeyId: string): Actor {
  return {
    name: 'verification',
    run: (gate) =>
      verifyStandbyKeys(
        { operation: 'try-standby-keys', managedKey: definition.name, apiKeyIds: [apiKeyId], by: 'operator' },
        world.ports(gate),
      ),
  };
}

const byOperator = { by: 'operator', because: 'distrusted' };

export function removal(world: MemoryWorld, apiKeyId: string): Actor {
  return { name: 'removal', run: (gate) => removeKey(world.definition, apiKeyId, byOperator, world.ports(gate)) };
}

/** An operator wants this old key back. Their command has asked for the rotation, and follows it no further. */
export function undo(world: MemoryWorld, apiKeyId: string): Actor {
  return {
    name: 'undo',
    run: async (gate) => {
      const ports = world.ports(gate);
      const snapshot = await readSnapshot(world.definition, ports);
      const { target } = await planUndo(snapshot, apiKeyId, ports);
      if (target.state !== 'current') await requestUndo(snapshot, target, byOperator, ports);
    },
  };
}

/** The same of an operator who wants this key cut off, without grace. */
export function emergency(world: MemoryWorld, apiKeyId: string): Actor {
  return {
    name: 'emergency',
    run: async (gate) => {
      const ports = world.ports(gate);
      const snapshot = await readSnapshot(world.definition, ports);
      const stolen = stolenKey(snapshot, apiKeyId);
      if (isHeld(stolen.state)) await requestRevocation(snapshot, planRevocation(snapshot, apiKeyId, world.now), byOperator, ports);
      else await revokeOldKey(await lookAtOldKey(stolen, snapshot, ports), byOperator, snapshot, ports);
    },
  };
}

/** Alone and undisturbed: how a world gets its history. */
async function quietly(...actors: readonly Actor[]): Promise<void> {
  for (const actor of actors) await runSchedule([actor], []);
}

/** An operator asks for `old` back, and Secrets Manager calls the rotation. */
function undone(world: MemoryWorld): Actor {
  return {
    name: 'undo',
    run: async (gate) => {
      await undo(world, 'old').run(gate);
      world.register('t-undo');
      await rotation(world, 't-undo').run(gate);
    },
  };
}

/** `old` has been replaced by `current`; `next` and `last` wait in the pool. */
async function afterOneRotation(agoMs: number, oldLivesMs: number | null = null): Promise<MemoryWorld> {
  const world = new MemoryWorld();
  world.standby('old', oldLivesMs);
  for (const id of ['current', 'next', 'last']) world.standby(id);
  for (const token of ['t-old', 't-current']) {
    world.register(token);
    await quietly(rotation(world, token));
    world.now += minuteMs;
  }
  world.now += agoMs;
  return world;
}

async function withOpenRotation(agoMs: number): Promise<MemoryWorld> {
  const world = await afterOneRotation(agoMs);
  world.register('t-next');
  return world;
}

/** `old` is inactive, an operator has asked for it back, and Anthropic never accepts its value again. */
async function withUndoInVain(): Promise<MemoryWorld> {
  const world = await afterOneRotation(3 * hourMs);
  await quietly(retirement(world), undo(world, 'old'));
  world.asked.splice(0);
  world.register('t-undo');
  world.unfelt.add('old');
  return world;
}

/** Somebody uses a key that should be inactive, or that consumers read. */
async function withIncident(world: MemoryWorld, apiKeyId: string): Promise<MemoryWorld> {
  await record('retired-key-used', definition.name, { apiKeyId }, containmentPorts(world, undisturbed));
  return world;
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'a rotation called twice at once',
    begin: () => withOpenRotation(minuteMs),
    actors: (world) => [rotation(world, 't-next'), rotation(world, 't-next', 'the same again')],
  },
  {
    name: 'a first rotation and retirement',
    begin: async () => {
      const world = new MemoryWorld();
      world.standby('next');
      world.register('t-next');
      return world;
    },
    actors: (world) => [rotation(world, 't-next'), retirement(world)],
  },
  {
    name: 'a rotation while the old key retires',
    begin: () => withOpenRotation(3 * hourMs),
    actors: (world) => [rotation(world, 't-next'), retirement(world)],
  },
  {
    name: 'two retirements at once',
    begin: () => afterOneRotation(3 * hourMs),
    actors: (world) => [retirement(world), retirement(world, 'the same again')],
  },
  {
    name: 'two retirements that archive',
    begin: async () => {
      const world = await afterOneRotation(3 * hourMs);
      await quietly(retirement(world));
      world.now += 8 * dayMs;
      return world;
    },
    actors: (world) => [retirement(world), retirement(world, 'the same again')],
  },
  {
    name: 'an undo while the old key retires',
    begin: () => afterOneRotation(3 * hourMs),
    actors: (world) => [undo(world, 'old'), retirement(world)],
  },
  {
    name: 'an undo during a rotation',
    begin: () => withOpenRotation(minuteMs),
    actors: (world) => [undo(world, 'old'), rotation(world, 't-next')],
  },
  {
    name: 'the rotation of an undo while the old key retires',
    begin: async () => {
      const world = await afterOneRotation(3 * hourMs);
      await quietly(undo(world, 'old'));
      world.register('t-undo');
      return world;
    },
    actors: (world) => [rotation(world, 't-undo'), retirement(world)],
  },
  {
    name: 'the rotation of an undo called twice at once, of a key that expires soon',
    begin: async () => {
      const { intervalMs, maximumGraceMs } = definition.rotation;
      const world = await afterOneRotation(3 * hourMs, intervalMs + maximumGraceMs + hourMs);
      await quietly(undo(world, 'old'));
      world.register('t-undo');
      return world;
    },
    actors: (world) => [rotation(world, 't-undo'), rotation(world, 't-undo', 'the same again')],
  },
  {
    name: 'an emergency during a rotation',
    begin: () => withOpenRotation(minuteMs),
    actors: (world) => {
      world.exempt.add('current');
      return [emergency(world, 'current'), rotation(world, 't-next')];
    },
  },
  {
    name: 'intake during a rotation',
    begin: async () => {
      const world = await withOpenRotation(minuteMs);
      world.create('new');
      return world;
    },
    actors: (world) => [intake(world, 'new'), rotation(world, 't-next')],
  },
  {
    name: 'intake of the only key during a rotation',
    begin: async () => {
      const world = new MemoryWorld();
      world.create('new');
      world.register('t-new');
      return world;
    },
    actors: (world) => [intake(world, 'new'), rotation(world, 't-new')],
  },
  {
    name: 'two intakes of one key',
    begin: async () => {
      const world = new MemoryWorld();
      world.create('new');
      return world;
    },
    actors: (world) => [intake(world, 'new'), intake(world, 'new', 'the same again')],
  },
  {
    name: 'intake and retirement',
    begin: async () => {
      const world = await afterOneRotation(3 * hourMs);
      world.create('new');
      return world;
    },
    actors: (world) => [intake(world, 'new'), retirement(world)],
  },
  {
    name: 'a verification of the next key during a rotation',
    begin: () => withOpenRotation(minuteMs),
    actors: (world) => [verification(world, 'next'), rotation(world, 't-next')],
  },
  {
    name: 'a verification and retirement',
    begin: () => afterOneRotation(3 * hourMs),
    actors: (world) => [verification(world, 'next'), retirement(world)],
  },
  {
    name: 'a rotation that somebody gave up, and the next one',
    begin: () => withOpenRotation(minuteMs),
    actors: (world) => [
      rotation(world, 't-next', 'the one given up'),
      {
        name: 'the next one',
        run: async (gate) => {
          await gate('somebody takes AWSPENDING off and rotates again');
          world.register('t-last');
          await rotation(world, 't-last').run(gate);
        },
      },
    ],
  },
  {
    name: 'containment of the current key during a rotation',
    begin: async () => withIncident(await withOpenRotation(minuteMs), 'current'),
    actors: (world) => [containment(world), rotation(world, 't-next')],
  },
  {
    name: 'containment of the next key during its rotation',
    begin: async () => withIncident(await withOpenRotation(minuteMs), 'next'),
    actors: (world) => [containment(world), rotation(world, 't-next')],
  },
  {
    name: 'containment of the old key while it retires',
    begin: async () => withIncident(await afterOneRotation(3 * hourMs), 'old'),
    actors: (world) => [containment(world), retirement(world)],
  },
  {
    name: 'containment of the old key and its undo',
    begin: async () => withIncident(await afterOneRotation(minuteMs), 'old'),
    actors: (world) => [containment(world), undo(world, 'old')],
  },
  {
    name: 'containment of a key that was cut off before, and the rotation of its undo',
    begin: async () => {
      const world = await withIncident(await afterOneRotation(minuteMs), 'old');
      await quietly(containment(world), containment(world));
      world.inConsole('old', 'active');
      await clear('retired-key-used', definition.name, containmentPorts(world, undisturbed));
      world.now += hourMs;
      await withIncident(world, 'old');
      await quietly(undo(world, 'old'));
      world.register('t-undo');
      return world;
    },
    actors: (world) => [containment(world), rotation(world, 't-undo')],
  },
  {
    name: 'containment of a standby key during its verification',
    begin: async () => withIncident(await afterOneRotation(minuteMs), 'next'),
    actors: (world) => [verification(world, 'next'), containment(world)],
  },
  {
    name: 'two containments at once',
    begin: async () => withIncident(await afterOneRotation(minuteMs), 'old'),
    actors: (world) => [containment(world), containment(world, 'the same again')],
  },
  {
    name: 'a rotation, the same again, and retirement',
    begin: () => withOpenRotation(3 * hourMs),
    actors: (world) => [rotation(world, 't-next'), rotation(world, 't-next', 'the same again'), retirement(world)],
  },
  {
    name: 'two retirements at once, and the undo of what they retired',
    begin: () => afterOneRotation(3 * hourMs),
    actors: (world) => [retirement(world), retirement(world, 'the same again'), undone(world)],
    onlyTurns: true,
  },
  {
    name: 'two containments at once, and the undo of what they cut off',
    begin: async () => withIncident(await afterOneRotation(minuteMs), 'old'),
    actors: (world) => [containment(world), containment(world, 'the same again'), undone(world)],
    onlyTurns: true,
  },
  {
    name: 'two retirements that give a claim back, and the next rotation',
    begin: async () => {
      const world = await withOpenRotation(minuteMs);
      const claims = rotation(world, 't-next');
      await runSchedule([claims], [{ at: 9, to: 'death' }]);
      world.now += 20 * minuteMs;
      world.register('t-last');
      return world;
    },
    actors: (world) => [retirement(world), retirement(world, 'the same again'), rotation(world, 't-last')],
    onlyTurns: true,
  },
  {
    name: 'a rotation called twice at once, of a key whose activation is felt only by the second',
    begin: async () => {
      const world = await withOpenRotation(minuteMs);
      world.unfelt.add('next');
      return world;
    },
    actors: (world) => [
      rotation(world, 't-next'),
      {
        name: 'the same again',
        run: async (gate) => {
          await gate('Anthropic accepts the new key');
          world.unfelt.delete('next');
          await rotation(world, 't-next').run(gate);
        },
      },
    ],
    onlyTurns: true,
  },
  {
    // Retirement that looks just before its end and starts a rotation just after it would start another one: two calls apart.
    name: 'a failed undo',
    begin: withUndoInVain,
    actors: (world) => [rotation(world, 't-undo')],
    keeps: 'current',
  },
  {
    name: 'a failed undo, called twice at once',
    begin: withUndoInVain,
    actors: (world) => [rotation(world, 't-undo'), rotation(world, 't-undo', 'the same again')],
    onlyTurns: true,
    keeps: 'current',
  },
  {
    name: 'a rotation that begins when retirement has looked at the secret',
    begin: () => afterOneRotation(minuteMs),
    actors: (world) => [
      retirement(world),
      {
        name: 'a rotation',
        run: async (gate) => {
          await gate('Secrets Manager begins');
          world.register('t-next');
          await rotation(world, 't-next').run(gate);
        },
      },
    ],
    onlyTurns: true,
  },
];

/**
 * What comes by itself afterwards: Secrets Manager tries an open rotation again and starts those that were asked for, and
 * retirement beats. Then nothing more comes by itself.
 */
export async function comeToQuiescence(world: MemoryWorld): Promise<void> {
  for (let round = 0; round < 6 || (round < 12 && undecided(world).length > 0); round += 1) {
    world.now += 20 * minuteMs;
    const pending = world.holder('AWSPENDING');
    const open = pending !== undefined && pending !== world.holder('AWSCURRENT');
    const asked = world.asked.splice(0).length > 0;
    if (open) await quietly(rotation(world, pending));
    else if (asked) {
      const token = `t-asked-${round}`;
      world.register(token);
      await quietly(rotation(world, token));
    }
    // What failed in one minute is tried again in the next.
    if (world.incidents.size > 0) await quietly(containment(world), containment(world));
    await quietly(retirement(world));
  }
  world.now += 3 * hourMs;
  await quietly(retirement(world), retirement(world));
}

/** Incidents about which containment has not done what there is to do. */
function undecided({ incidents }: MemoryWorld): readonly IncidentRecord[] {
  return [...incidents.values()].filter(({ state, brake }) => (state === 'open' || state === 'containing') && brake === undefined);
}

/** I3 and I5 at quiescence: every key is where its record says, none is active unnoticed, no rotation hangs. */
export function judgeQuiescence(world: MemoryWorld): void {
  const pending = world.holder('AWSPENDING');
  if (pending !== undefined && pending !== world.holder('AWSCURRENT') && !world.open.has(definition.name)) {
    world.violate(`I5 ${pending} is still AWSPENDING, and nobody was told`);
  }
  const current = [...world.records.values()].filter((record) => record.state === 'current');
  if (current.length > 1) world.violate(`I3 ${current.map((record) => record.apiKeyId).join(' and ')} are current`);
  const cutOff = current.length === 0 && world.cut.has(world.currentKey() ?? '');
  // A value that somebody wrote by hand is no key of ours.
  if (
    !cutOff &&
    world.currentKey() !== current[0]?.apiKeyId &&
    (world.currentKey() !== undefined || world.holder('AWSCURRENT') === undefined)
  ) {
    world.violate(`I3 AWSCURRENT holds ${world.currentKey() ?? 'nothing'}, and the ledger says ${current[0]?.apiKeyId ?? 'nothing'}`);
  }
  for (const apiKeyId of world.removed) {
    const state = world.records.get(apiKeyId)?.state;
    // One that was cut off meanwhile never comes back into the pool either, and is archived in its time.
    if (state !== 'archived' && state !== 'contained') world.violate(`I3 ${apiKeyId} was being removed, and is ${state ?? 'gone'}`);
  }
  for (const { incidentId, state } of undecided(world)) {
    world.violate(`I5 ${incidentId} is ${state}: nothing is done about it, and nothing says why`);
  }
  if (world.known.includes('key-changed') && !world.touched) world.violate('people are told that somebody changed a key, and nobody did');
  for (const [apiKeyId, { by }] of world.keys) {
    const status = world.statusOf(apiKeyId);
    const record = world.records.get(apiKeyId);
    // One whose intake was killed before its record: nobody took it in, and it is as the Console made it.
    if (record === undefined) continue;
    const shouldBeActive = record.state === 'current' || record.state === 'draining';
    const person = by === 'a person' && record.state !== 'standby';
    // Time ended the key that consumers read: nobody's fault, but people must know.
    const ended = status === 'expired' && record.state === 'current';
    if (ended && !world.known.includes('current-key-dead')) world.violate(`I5 ${apiKeyId} is current and expired, and nobody was told`);
    if (status === 'expired' && record.state === 'standby') world.violate(`I3 ${apiKeyId} is expired, and still counts as a standby key`);
    if (shouldBeActive !== (status === 'active') && !person && !ended)
      world.violate(`I3 ${apiKeyId} is ${record.state} for us and ${status} at Anthropic`);
    if (record.intent !== undefined) world.violate(`I3 ${apiKeyId} is left half done: about to become ${record.intent.to}`);
    if (record.state === 'pending') world.violate(`I3 ${apiKeyId} is claimed by ${record.token ?? 'nobody'} for ever`);
  }
}
