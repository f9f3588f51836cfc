/** What the house can be extended by: a new entry here, and the compiler and the tests ask for the rest (CONTRIBUTING.md). */

/** What is known of an alert channel before its file is loaded. */
interface ChannelDefinition {
  /** How people call it. */
  readonly name: string;
  /** The field of `alerts` in keyguard.json that turns it on. */
  readonly setting: string;
  /**
   * What opens the channel. Whoever has it can post there, so it lies in a secret of its own, and the notifier delivers. The secret,
   * its policy, its output, the right to read it, the command that stores it and the checks of doctor follow from this entry. Absent:
   * SNS delivers by itself.
   */
  readonly credential?: {
    /** As in "its webhook is stored". */
    readonly noun: string;
    /** As in "Store Slack's incoming webhook". */
    readonly what: string;
    /** Shown beside the secret. */
    readonly description: string;
  };
}

export const channels = {
  email: { name: 'email', setting: 'emails' },
  'slack-webhook': {
    name: 'Slack',
    setting: 'slack',
    credential: { noun: 'webhook', what: "Slack's incoming webhook", description: "Address of Slack's incoming webhook" },
  },
} as const satisfies Record<string, ChannelDefinition>;
export type ChannelKind = keyof typeof channels;
export const channelKinds = Object.keys(channels) as readonly ChannelKind[];

/** Channels that the notifier delivers to. */
export type PostedChannel = { [K in ChannelKind]: (typeof channels)[K] extends { credential: object } ? K : never }[ChannelKind];
export const postedChannels = channelKinds.filter(isPosted);

export function isPosted(kind: ChannelKind): kind is PostedChannel {
  return 'credential' in channels[kind];
}

/** The command that stores what opens the channel. */
export function storeCommand(kind: PostedChannel): string {
  return `npx --no-install keyguard ${kind} set`;
}
export type PostedSetting = (typeof channels)[PostedChannel]['setting'];

export interface FunctionDefinition {
  /** Its schedule; doctor asks whether it keeps it. Absent: it runs when an event comes. */
  readonly everyMs?: number;
  /** It is deployed only where the definitions have this field. */
  readonly onlyWith?: 'heartbeat';
}

/** The functions: each has its handler in lambda/<name>.ts, and an output of the stack with its deployed name. */
export const functions = {
  rotation: {},
  retirement: { everyMs: 5 * 60_000 },
  'usage-collector': { everyMs: 60_000 },
  'anomaly-detector': { everyMs: 60_000 },
  notifier: {},
  heartbeat: { everyMs: 60 * 60_000, onlyWith: 'heartbeat' },
} as const satisfies Record<string, FunctionDefinition>;
export type FunctionName = keyof typeof functions;
export const functionNames = Object.keys(functions) as readonly FunctionName[];

export type ScheduledFunction = { [K in FunctionName]: (typeof functions)[K] extends { everyMs: number } ? K : never }[FunctionName];

export function isScheduled(name: FunctionName): name is ScheduledFunction {
  return 'everyMs' in functions[name];
}

/** What tells stolen usage from usual usage: each has its file in lambda/detection/detectors/. */
export const detectorKinds = ['envelope'] as const;
export type DetectorKind = (typeof detectorKinds)[number];

/** Where a strategy's keys come from. */
export type Supply = 'standby keys' | 'itself';

/** What is known of a rotation strategy before its file is loaded. */
interface StrategyDefinition {
  /**
   * Where its keys come from. `standby keys`: people make them before a rotation needs one. The standby secret with its policy and output,
   * the standby commands, the watch over how far the pool reaches and the checks of doctor follow from this entry. `itself`: the strategy
   * makes a key when a rotation needs it.
   */
  readonly supply: Supply;
}

const strategies = {
  pool: { supply: 'standby keys' },
} as const satisfies Record<string, StrategyDefinition>;
export type StrategyKind = keyof typeof strategies;
export const strategyKinds = Object.keys(strategies) as readonly StrategyKind[];

export function supplyOf(strategy: StrategyKind): Supply {
  return strategies[strategy].supply;
}

/** Whether people make the keys of this strategy before a rotation needs them. */
export function hasPool(strategy: StrategyKind): boolean {
  return supplyOf(strategy) === 'standby keys';
}

/**
 * - `usage-anomaly`: a managed key's usage left its expected band.
 * - `retired-key-used`: tokens on a key that should be inactive (standby, inactive, contained, archived).
 * - `usage-notable`: once a day, usage of some keys that is unusual, but not enough for an alarm in a large fleet.
 * - `usage-unfamiliar`: a managed key uses a model, tier, geography or the like for the first time.
 * - `straggler`: an old key still shows traffic when its grace should be over.
 * - `rotation-failed`: a rotation could not finish; people must act.
 * - `rotation-overdue`: no rotation has succeeded in the time that the policy's maximum age allows.
 * - `current-key-dead`: consumers have no key that works: theirs is dead and we did not do it, nothing could take its place, or their
 *   secret is scheduled for deletion.
 * - `key-changed`: somebody else changed something of a managed key.
 * - `key-expiring`: the current key expires before the next rotation's grace is over.
 * - `pool-low`: the standby keys cover less than the policy's low-water mark.
 * - `replica-behind`: a replica Region of the secret failed or lags.
 * - `usage-blind`: usage cannot be read or believed, or its report stands still.
 * - `metrics-differ`: CloudWatch shows other usage than the usage report; somebody else writes there, or we are wrong.
 * - `detection-failing`: the usage of a managed key could not be looked at twice in a row.
 * - `delivery-failed`: a channel did not take alerts, although they were sent again; its subject is the channel.
 */
export const incidentKinds = [
  'usage-anomaly',
  'retired-key-used',
  'usage-notable',
  'usage-unfamiliar',
  'straggler',
  'rotation-failed',
  'rotation-overdue',
  'current-key-dead',
  'key-changed',
  'key-expiring',
  'pool-low',
  'replica-behind',
  'usage-blind',
  'metrics-differ',
  'detection-failing',
  'delivery-failed',
] as const;
export type IncidentKind = (typeof incidentKinds)[number];

/** Kinds in which somebody may be using a stolen value: containment cuts the key off. The others never come into its states. */
export const containableKinds = ['usage-anomaly', 'retired-key-used'] as const satisfies readonly IncidentKind[];
export type ContainableKind = (typeof containableKinds)[number];

export function isContainable(kind: IncidentKind): kind is ContainableKind {
  return containableKinds.some((containable) => containable === kind);
}

/** How bad it is, for the kinds that tell: from the least to the worst. An incident that becomes worse is told again. */
export const incidentGrades = {
  /** `running`: the key is inactive at Anthropic, and what was begun before goes on. */
  'retired-key-used': ['running', 'used'],
  straggler: ['used', 'cut'],
  'pool-low': ['low', 'empty'],
  'delivery-failed': ['unavailable', 'refused'],
  'rotation-failed': ['undo-in-vain', 'failed', 'emergency-stopped'],
  'current-key-dead': ['replacing', 'dead', 'cut-off', 'secret-deleted'],
  'key-changed': [
    'left-active',
    'key-archived',
    'standby-key-woken',
    'undone-key-woken',
    'old-key-disabled',
    'old-key-woken',
    'label-moved',
    'secret-written',
  ],
} as const satisfies Partial<Record<IncidentKind, readonly string[]>>;
