import { channels, postedChannels } from '../contract/registry.ts';
import type { Command } from './command.ts';

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loaded when it is called: the AWS clients cost a command that does not need them a tenth of a second. */
  readonly load: () => Promise<Command>;
}

/** Every verb, in the order of a first day. */
export const commands: readonly CommandEntry[] = [
  { name: 'config', summary: 'Check keyguard.json', load: async () => (await import('./commands/config.ts')).config },
  { name: 'admin-key', summary: 'Store the Anthropic admin key', load: async () => (await import('./commands/admin-key.ts')).adminKey },
  ...postedChannels.map((kind) => ({
    name: kind,
    summary: `Store ${channels[kind].credential.what}`,
    load: async () => (await import('./commands/channel-credential.ts')).channelCredential(kind),
  })),
  {
    name: 'standby',
    summary: 'Take in, list, check and remove standby keys',
    load: async () => (await import('./commands/standby.ts')).standby,
  },
  { name: 'rotate', summary: 'Rotate a managed key now', load: async () => (await import('./commands/rotate.ts')).rotate },
  { name: 'undo', summary: 'Go back to the key that a rotation replaced', load: async () => (await import('./commands/undo.ts')).undo },
  { name: 'pause', summary: 'Leave a managed key as it is, until resume', load: async () => (await import('./commands/pause.ts')).pause },
  { name: 'resume', summary: 'End the pause of a managed key', load: async () => (await import('./commands/resume.ts')).resume },
  {
    name: 'expect',
    summary: 'Say that unusual usage is expected, or not an issue',
    load: async () => (await import('./commands/expect.ts')).expect,
  },
  {
    name: 'status',
    summary: 'Show each managed key and what needs attention',
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'doctor',
    summary: 'Check everything that Key Guard stands on, and say how to mend it',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'deliveries',
    summary: 'Show alerts that were not delivered, and send them again',
    load: async () => (await import('./commands/deliveries.ts')).deliveries,
  },
  {
    name: 'runbook',
    summary: 'Print what to do about a kind of incident',
    load: async () => (await import('./commands/runbook.ts')).runbook,
  },
  {
    name: 'unstick',
    summary: 'Clear away what a broken-off rotation left behind',
    load: async () => (await import('./commands/unstick.ts')).unstick,
  },
  {
    name: 'history',
    summary: 'Show what happened to the keys: when, why and by whom',
    load: async () => (await import('./commands/history.ts')).history,
  },
  {
    name: 'backtest',
    summary: 'Run the detector over past usage: one line per row, score and alert',
    load: async () => (await import('./commands/backtest.ts')).backtest,
  },
];
