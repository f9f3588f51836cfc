import type { Alert } from '../../contract/alert.ts';
import type { ChannelKind } from '../../contract/registry.ts';

/** What every channel's file exports. How it is sent differs: by SNS for email, by `deliver` where we send ourselves. */
export interface Channel {
  /** Pure: how the alert looks on this channel, within the channel's limits. */
  readonly render: (alert: Alert) => object;
}

/** Loaded when first needed, so that a heavy channel does not slow the others' cold start. */
export const channels = {
  email: () => import('./channels/email.ts'),
  'slack-webhook': () => import('./channels/slack-webhook.ts'),
} as const satisfies Record<ChannelKind, () => Promise<Channel>>;
