import { consolePath, createKey, type Story, type Wording, type Words } from './story.ts';

export const currentKeyDead: Wording<'current-key-dead'> = {
  open: (story) => (story.grade === 'cut-off' ? cutOff(story) : dead(story)),
  recovered: (story) => ({
    title: `${story.name}: consumers have a key that works again`,
    summary: [
      `The current key of ${story.name} works again${story.reason === undefined ? '' : `: ${story.reason}`}; it had been dead for ${story.lasted}, since ${story.since}.`,
      'Consumers that still hold the dead value must read the secret again.',
    ],
    actions: [
      story.grade === 'cut-off'
        ? `If nobody found out how the value of ${story.key} got out, look for it now: what leaked it may leak the next one.`
        : `If nobody found out why ${story.key} died, look for it now: a key that Anthropic deactivated was public.`,
      `Run \`npx keyguard status ${story.name}\`: it shows how many standby keys are left.`,
    ],
  }),
};

/** By containment, whose policy cuts even the last credential. */
function cutOff(story: Story): Words {
  return {
    title: `${story.name}: consumers have no key, ${story.key} was cut off`,
    summary: [
      `${story.key}, which consumers of ${story.name} read, may be stolen, and does not work any more since ${story.sinceAndAgo}: ${story.reason ?? 'it was cut off'}.`,
      'As soon as a standby key is added, a rotation to it begins by itself.',
      'If nobody acts, every request of these consumers goes on failing with 401.',
    ],
    actions: [
      ...createKey(story, 'Open'),
      `Run \`npx keyguard status ${story.name}\` and see that the new key is current; consumers that hold the dead one must read the secret again.`,
      'Find out how the value got out (repositories, logs, images, laptops) and close that hole: what leaked it may leak the next one.',
    ],
  };
}

function dead(story: Story): Words {
  return {
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
  };
}
