/** The variants of each list in the house. After a new word here the compiler asks for the rest. */

export const channelKinds = ['email', 'slack-webhook'] as const;
export type ChannelKind = (typeof channelKinds)[number];

export const strategyKinds = ['pool'] as const;
export type StrategyKind = (typeof strategyKinds)[number];

/**
 * - `usage-anomaly`: a managed key's usage left its expected band.
 * - `retired-key-used`: tokens on a key that should be asleep (standby, inactive, contained, archived).
 * - `straggler`: an old key still shows traffic when its grace should be over.
 * - `rotation-failed`: a rotation could not finish; people must act.
 */
export const incidentKinds = ['usage-anomaly', 'retired-key-used', 'straggler', 'rotation-failed'] as const;
export type IncidentKind = (typeof incidentKinds)[number];
