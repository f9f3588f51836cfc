import { PutSecretValueCommand, UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import type { IncidentRecord } from '../../contract/records.ts';
import { apiKeyLedger } from '../../lambda/adapters/aws/api-key-ledger.ts';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { dayMs, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { changed } from '../../lambda/rotation/change.ts';
import { expect } from 'vitest';
import type { Operator } from './operator.ts';
import type { Said } from './shell.ts';

/** What a message says. */
export interface Message {
  readonly kind: IncidentRecord['kind'];
  /** @default open */
  readonly state?: IncidentRecord['state'];
  readonly facts?: Partial<IncidentRecord['facts']>;
}

/** What messages say of a managed key, brought about; their commands are then given in the order in which they are named. */
export interface Scene {
  readonly messages: readonly Message[];
  /** Answers the API key that the message names. */
  readonly arrange: (hand: Hand) => Promise<string>;
  /** The command of the other way out, which is not given. */
  readonly instead?: string;
  /** Of its API keys, in the order in which they were made. */
  readonly leadsTo: string;
}

/** What may be done to the managed key of a scene. */
export interface Hand {
  readonly name: string;
  readonly me: Operator;
  /** Of its API keys, as far as they were made here. */
  readonly ids: readonly string[];
  adds(options?: { readonly expiresAt?: number }): Promise<string>;
  /** One key is current, and so many stand by. */
  inUse(standby: number): Promise<string>;
  /** Another key takes its place, and it is cut off at once. */
  replacedAtOnce(): Promise<string>;
  setStatus(apiKeyId: string, status: 'active' | 'inactive' | 'archived'): string;
  /** The command of an operator, who says yes. */
  types(command: string): Promise<Said>;
}

const reactivatedOld: Scene['arrange'] = async (hand) => hand.setStatus(await hand.replacedAtOnce(), 'active');
const stopped: Scene['arrange'] = async (hand) => {
  const id = await hand.inUse(1);
  await hand.me.killed(['rotate', hand.name, '--emergency', '--yes'], { phase: 'before', operation: 'RotateSecret' });
  await hand.types(`pause ${hand.name}`);
  return id;
};
const inPool: Scene['arrange'] = async (hand) => {
  await hand.inUse(1);
  return hand.ids[1] ?? '';
};
async function contained(hand: Hand, apiKeyId: string): Promise<void> {
  const { clock, installation } = hand.me.world;
  const ledger = apiKeyLedger(openTable(installation.stateTable));
  const record = await ledger.find(apiKeyId);
  if (record === undefined) throw new Error(`no record of ${apiKeyId}`);
  await ledger.replace(
    record,
    changed(record, { to: 'contained', cause: { code: 'containment', incidentId: 'usage-anomaly-1' } }, clock.now()),
    'scene',
  );
  hand.setStatus(apiKeyId, 'inactive');
}

export const scenes: Readonly<Record<string, Scene>> = {
  dead: {
    messages: [
      { kind: 'current-key-dead', facts: { grade: 'replacing' } },
      { kind: 'current-key-dead', facts: { grade: 'dead' } },
    ],
    arrange: async (hand) => hand.setStatus(await hand.inUse(1), 'inactive'),
    leadsTo: 'draining current',
  },
  'cut-off': {
    messages: [
      { kind: 'usage-anomaly', state: 'contained' },
      { kind: 'current-key-dead', facts: { grade: 'cut-off' } },
    ],
    async arrange(hand) {
      const id = await hand.inUse(0);
      await contained(hand, id);
      return id;
    },
    leadsTo: 'contained standby',
  },
  written: {
    messages: [{ kind: 'key-changed', facts: { grade: 'secret-written' } }],
    async arrange(hand) {
      const id = await hand.inUse(1);
      const { secretName } = hand.me.world.definition(hand.name);
      hand.me.world.clock.advance(minuteMs);
      await hand.me.world.secrets.send(new PutSecretValueCommand({ SecretId: secretName, SecretString: 'by hand' }));
      return id;
    },
    leadsTo: 'draining current',
  },
  moved: {
    messages: [{ kind: 'key-changed', facts: { grade: 'label-moved' } }],
    async arrange(hand) {
      const id = await hand.inUse(2);
      await hand.me.world.rotate(hand.name);
      await labelMovedBack(hand);
      hand.me.world.aws.schedules.enable('retirement');
      await hand.me.world.passes(10 * minuteMs, { beatMs: 5 * minuteMs });
      hand.me.world.aws.schedules.disable('retirement');
      return id;
    },
    leadsTo: 'draining draining current',
  },
  'standby-woken': {
    messages: [{ kind: 'key-changed', facts: { grade: 'standby-key-woken' } }],
    arrange: async (hand) => hand.setStatus(await inPool(hand), 'active'),
    leadsTo: 'current archived standby',
  },
  'standby-archived': {
    messages: [{ kind: 'key-changed', facts: { grade: 'key-archived' } }],
    arrange: async (hand) => hand.setStatus(await inPool(hand), 'archived'),
    leadsTo: 'current standby standby',
  },
  'old-woken': {
    messages: [{ kind: 'key-changed', facts: { grade: 'old-key-woken' } }],
    arrange: reactivatedOld,
    leadsTo: 'current draining',
  },
  'old-off': {
    messages: [
      { kind: 'straggler', facts: { grade: 'cut' } },
      { kind: 'straggler', state: 'recovered', facts: { grade: 'cut' } },
      { kind: 'key-changed', facts: { grade: 'undone-key-woken' } },
    ],
    arrange: (hand) => hand.replacedAtOnce(),
    leadsTo: 'current draining',
  },
  'old-used': { messages: [{ kind: 'retired-key-used', facts: { grade: 'used' } }], arrange: reactivatedOld, leadsTo: 'contained current' },
  'standby-used': {
    messages: [{ kind: 'retired-key-used', facts: { grade: 'used', cause: { code: 'standby-key' } } }],
    arrange: async (hand) => hand.setStatus(await inPool(hand), 'active'),
    leadsTo: 'current archived',
  },
  'standby-cut': {
    messages: [
      { kind: 'retired-key-used', facts: { grade: 'used', cause: { code: 'standby-key' } } },
      { kind: 'retired-key-used', state: 'contained', facts: { grade: 'used' } },
    ],
    async arrange(hand) {
      const id = await inPool(hand);
      // By the policy, a moment after people were told.
      await contained(hand, id);
      return id;
    },
    leadsTo: 'current archived standby',
  },
  anomaly: {
    messages: [{ kind: 'usage-anomaly' }, { kind: 'usage-unfamiliar' }],
    arrange: (hand) => hand.inUse(1),
    leadsTo: 'inactive current',
  },
  'no-key': {
    messages: [
      { kind: 'pool-low', facts: { grade: 'low' } },
      { kind: 'pool-low', facts: { grade: 'empty' } },
      { kind: 'rotation-failed', facts: { grade: 'failed' } },
    ],
    arrange: (hand) => hand.inUse(0),
    leadsTo: 'current standby',
  },
  'undo-in-vain': {
    messages: [{ kind: 'rotation-failed', facts: { grade: 'undo-in-vain' } }],
    async arrange(hand) {
      const id = await hand.inUse(2);
      await hand.me.world.rotate(hand.name);
      hand.setStatus(id, 'archived');
      // What the error names is what the message names.
      expect((await hand.types(`undo ${hand.name}`)).err).toContain(`npx --no-install keyguard rotate ${hand.name} --again`);
      return id;
    },
    leadsTo: 'draining draining current',
  },
  stopped: {
    messages: [{ kind: 'rotation-failed', facts: { grade: 'emergency-stopped' } }],
    arrange: stopped,
    leadsTo: 'inactive current',
  },
  expiring: {
    messages: [{ kind: 'key-expiring' }],
    async arrange(hand) {
      const { world } = hand.me;
      const id = await hand.adds({ expiresAt: world.clock.now() + 38 * dayMs });
      await hand.adds();
      await world.rotate(hand.name);
      world.clock.advance(8 * dayMs);
      await hand.types(`rotate ${hand.name} --again`);
      await hand.types(`undo ${hand.name}`);
      await hand.adds();
      return id;
    },
    leadsTo: 'draining draining current standby',
  },
  lapsed: {
    messages: [{ kind: 'rotation-failed', state: 'recovered', facts: { cause: { code: 'rotation-over', end: 'emergency-lapsed' } } }],
    async arrange(hand) {
      const id = await stopped(hand);
      hand.me.world.clock.advance(25 * hourMs);
      return id;
    },
    instead: 'resume lapsed',
    leadsTo: 'inactive current',
  },
  overdue: {
    messages: [{ kind: 'rotation-overdue' }],
    // In forty days all the other managed keys would rotate too: that the key is old changes nothing but the message.
    arrange: (hand) => hand.inUse(1),
    leadsTo: 'draining current',
  },
};

/** Somebody moves AWSCURRENT back with the AWS console. */
async function labelMovedBack({ me: { world }, name }: Hand): Promise<void> {
  const { secretArn } = world.definition(name);
  const versions = world.aws.inspect.secrets.versions(secretArn);
  const holding = (label: string) => versions.find(({ labels }) => labels.includes(label))?.versionId;
  await world.secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId: secretArn,
      VersionStage: 'AWSCURRENT',
      MoveToVersionId: holding('AWSPREVIOUS'),
      RemoveFromVersionId: holding('AWSCURRENT'),
    }),
  );
}

/** Of an operator, and one managed key. */
export function handOn(name: string, me: Operator): Hand {
  const ids: string[] = [];
  const { world } = me;
  const adds: Hand['adds'] = async (options) => {
    const { apiKeyId } = await world.addStandbyKey(name, options);
    ids.push(apiKeyId);
    world.clock.advance(1000);
    return apiKeyId;
  };
  const inUse: Hand['inUse'] = async (standby) => {
    for (let made = 0; made <= standby; made += 1) await adds();
    await world.rotate(name);
    return ids[0] ?? '';
  };
  return {
    name,
    me,
    ids,
    adds,
    inUse,
    async replacedAtOnce() {
      const id = await inUse(1);
      expect(await me.run(['rotate', name, '--emergency', '--yes'])).toMatchObject({ code: 0 });
      return id;
    },
    setStatus(apiKeyId, status) {
      world.anthropic.console.setStatus(apiKeyId, status);
      return apiKeyId;
    },
    async types(command) {
      const args = command.split(' ');
      if (!command.startsWith('standby add'))
        return me.run([...args, ...(/^(?:rotate|undo|expect|standby remove)/.test(command) ? ['--yes'] : [])]);
      const { id, value } = me.made({ workspaceId: world.definition(name).workspaceId });
      ids.push(id);
      return me.run(args, `${value}\n`);
    },
  };
}
