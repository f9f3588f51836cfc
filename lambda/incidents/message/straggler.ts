import type { Story, Wording, Words } from './story.ts';

export const straggler: Wording<'straggler'> = {
  open: (story) => (story.grade === 'cut' ? cut(story) : used(story)),
  recovered: (story) => ({
    title: `${story.name}: the old key ${story.key} is no straggler any more`,
    summary: [
      `The straggler on ${story.key}, the old key of ${story.name}, is over after ${story.lasted}${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      story.grade === 'cut'
        ? 'Whatever still holds its value gets 401 until it reads the secret again.'
        : 'A key that is quiet retires by itself.',
    ],
    actions: [
      story.grade === 'cut'
        ? `If something fails that cannot be restarted now: ${wayBack(story)}, as long as the key is not archived.`
        : 'Nothing has to be done, unless the key was ended while something used it: that gets 401 until it reads the secret again.',
    ],
  }),
};

function used(story: Story): Words {
  return {
    title: `${story.name}: the old key ${story.key} is still in use`,
    summary: [
      happened(story),
      'It stays active for now, so nothing fails.',
      story.validUntil === undefined
        ? `If nobody acts, it stays active for as long as it is used: so the policy of ${story.name} says.`
        : `If nobody acts, the policy of ${story.name} makes it inactive ${story.validUntil}, and whoever still holds it gets 401.`,
    ],
    actions: [
      `Find the program that still holds the old value: look for traffic${story.whereUsed} in services that were not restarted since the rotation.`,
      `Restart or redeploy it, so that it reads the secret of ${story.name} again.`,
      'Run `npx --no-install keyguard status`: the old key retires by itself once it has been quiet for long enough.',
    ],
  };
}

function cut(story: Story): Words {
  return {
    title: `${story.name}: the old key ${story.key} is cut off while it is in use`,
    summary: [
      happened(story),
      `Its maximum grace is over, and the policy of ${story.name} makes it inactive now.`,
      'If nobody acts, whatever still holds its value gets 401 until it reads the secret again.',
    ],
    actions: [
      `Restart or redeploy what fails now: look for traffic${story.whereUsed} in services that were not restarted since the rotation.`,
      `If that cannot be done now, bring the key back: ${wayBack(story)}, as long as it is not archived.`,
    ],
  };
}

function wayBack({ name, typedKey }: Story): string {
  return `\`npx --no-install keyguard undo ${name} --api-key-id ${typedKey}\``;
}

function happened(story: Story): string {
  const because = story.reason === undefined ? '' : ` (${story.reason})`;
  return `${story.name} was rotated, but its old key ${story.key} still shows traffic${story.whereUsed}, since ${story.sinceAndAgo}${because}.`;
}
