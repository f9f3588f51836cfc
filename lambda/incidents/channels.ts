import type { Alert } from '../../contract/alert.ts';
import type { ChannelKind, PostedChannel } from '../../contract/registry.ts';
import type { Secret } from '../foundation/secret.ts';

/** What every channel's file exports. */
export interface Channel {
  /** Pure: how the alert looks on this channel, within the channel's limits. */
  readonly render: (alert: Alert) => object;
}

/** A channel that the notifier delivers to. */
export interface PostedTo extends Channel {
  readonly credential: Credential;
  /**
   * Renders and posts once; who calls decides about trying again. Throws `Unavailable` when another try may succeed, and another
   * KeyguardError when it will not. No error holds the credential.
   */
  readonly post: (alert: Alert, credential: Secret, fetch: typeof globalThis.fetch) => Promise<void>;
}

/** What opens a channel, as the command `set` of the channel takes it in. */
export interface Credential {
  /** What the hidden prompt asks for. */
  readonly prompt: string;
  /** For --help, on one line each: what the command does, and what becomes of what is pasted. */
  readonly help: { readonly summary: string; readonly description: string };
  /** The whole value. */
  readonly shape: RegExp;
  /** What is said of what has not that shape, and how to get what has. */
  readonly malformed: string;
  readonly fix: string;
  /** What documentation shows in place of a value, and how that is called. */
  readonly placeholder?: { readonly shape: RegExp; readonly what: string };
  /** How keyguard.json turns the channel on. */
  readonly turnOn: string;
}

interface PostedFile<Message extends object> {
  readonly credential: Credential;
  readonly render: (alert: Alert) => Message;
  readonly deliver: (credential: Secret, message: Message, fetch: typeof globalThis.fetch) => Promise<void>;
}

/** Loaded when first needed, so that a heavy channel does not slow the others' cold start. */
export const channelFiles = {
  email: () => import('./channels/email.ts'),
  'slack-webhook': posted(() => import('./channels/slack-webhook.ts')),
} as const satisfies { readonly [K in ChannelKind]: () => Promise<K extends PostedChannel ? PostedTo : Channel> };

function posted<Message extends object>(load: () => Promise<PostedFile<Message>>): () => Promise<PostedTo> {
  return async () => {
    const { credential, render, deliver } = await load();
    return { credential, render, post: (alert, value, fetch) => deliver(value, render(alert), fetch) };
  };
}
