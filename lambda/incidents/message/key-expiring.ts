import { createKey, type Wording } from './story.ts';

export const keyExpiring: Wording<'key-expiring'> = {
  open: (story) => ({
    title: `${story.name}: the current key ${story.key} expires too soon`,
    summary: [
      `${story.key}, which consumers of ${story.name} read now, will expire before the next rotation's grace is over${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'It works until then; Anthropic lets nobody change an expiry or bring an expired key back.',
      'If nobody acts, consumers that hold it at that moment get 401.',
    ],
    actions: [
      `Rotate in time: \`npx --no-install keyguard rotate ${story.name}\`; the old key then still has its grace.`,
      ...createKey(story, 'If no standby key is left, first open'),
      `Run \`npx --no-install keyguard status ${story.name}\` and see that the new key lives long enough.`,
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: the current key lives long enough again`,
    summary: [
      `Consumers of ${story.name} no longer depend on a key that expires too soon${story.reason === undefined ? '' : `: ${story.reason}`}; that was so since ${story.since}.`,
    ],
    actions: ['Nothing has to be done; keys without expiry, or with a late one, keep it so.'],
  }),
};
