import type { Story, Wording } from './story.ts';

export const straggler: Wording<'straggler'> = {
  open: (story) => ({
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
      'Run `npx keyguard status`: the old key retires by itself once it has been quiet for long enough.',
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: the old key ${story.key} is no longer in use`,
    summary: [
      `The straggler on ${story.key}, the old key of ${story.name}, is over after ${story.lasted}${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'A key that is quiet retires by itself.',
    ],
    actions: ['Nothing has to be done.'],
  }),
};

function happened(story: Story): string {
  const because = story.reason === undefined ? '' : ` (${story.reason})`;
  return `${story.name} was rotated, but its old key ${story.key} still shows traffic${story.whereUsed}, since ${story.sinceAndAgo}${because}.`;
}
