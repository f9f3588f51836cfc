import { consolePath, type Wording } from './story.ts';

export const currentKeyDead: Wording<'current-key-dead'> = {
  open: (story) => ({
    title: `${story.name}: consumers fail, the current key ${story.key} is dead`,
    summary: [
      `${story.key}, which consumers of ${story.name} read now, does not work any more since ${story.sinceAndAgo}: ${story.reason ?? 'Anthropic does not show it as active'}.`,
      'Somebody disabled or deleted it in the Console, Anthropic deactivated it because it was found in public, or it expired.',
      'If nobody acts, every request of these consumers goes on failing with 401.',
    ],
    actions: [
      `Give consumers another key: \`npx keyguard rotate ${story.name}\` takes a standby key, and says what to do when there is none.`,
      `If somebody disabled it by mistake, enable it again instead: ${consolePath} > ${story.key} > Enable.`,
      "If it was Anthropic (the key's creator got an email), or nobody knows who it was, treat the value as leaked: leave it disabled, find where it is public, and look at its usage.",
      `Run \`npx keyguard status ${story.name}\` and see that the current key is accepted.`,
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: consumers have a key that works again`,
    summary: [
      `The current key of ${story.name} works again${story.reason === undefined ? '' : `: ${story.reason}`}; it had been dead for ${story.lasted}, since ${story.since}.`,
      'Consumers that still hold the dead value must read the secret again.',
    ],
    actions: [
      `If nobody found out why ${story.key} died, look for it now: a key that Anthropic deactivated was public.`,
      `Run \`npx keyguard status ${story.name}\`: it shows how many standby keys are left.`,
    ],
  }),
};
