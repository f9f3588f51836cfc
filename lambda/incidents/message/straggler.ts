import type { IncidentState } from '../../../contract/records.ts';
import type { Story, Tell } from './story.ts';

export const straggler = {
  open: (story) => ({
    title: `${story.name}: the old key ${story.key} is still in use`,
    summary: [
      happened(story),
      'It stays active for now, so nothing fails.',
      `If nobody acts, the policy of ${story.name} decides at its maximum grace: wait longer, or make the key inactive, and then whoever still holds it gets 401.`,
    ],
    actions: [
      `Find the program that still holds the old value: look for traffic${story.whereUsed === '' ? '' : story.whereUsed} in services that were not restarted since the rotation.`,
      `Restart or redeploy it, so that it reads the secret of ${story.name} again.`,
      'Run `npx keyguard status`: the old key retires by itself once it has been quiet for long enough.',
    ],
  }),
  containing: (story) => ({
    title: `${story.name}: the old key ${story.key} is being made inactive`,
    summary: [
      happened(story),
      `Its maximum grace is over, and it is being made inactive at Anthropic${story.brake === undefined ? '' : `; it waits: ${story.brake}`}.`,
      'If nobody acts, whoever still holds it gets 401 from then on.',
    ],
    actions: [`Restart or redeploy what still holds the old value, so that it reads the secret of ${story.name} again.`],
  }),
  contained: (story) => ({
    title: `${story.name}: the old key ${story.key} was made inactive while in use`,
    summary: [
      happened(story),
      'Its maximum grace was over, so it was made inactive at Anthropic automatically.',
      'If nobody acts, whoever still holds it keeps getting 401.',
    ],
    actions: [
      `Restart or redeploy what now fails with 401, so that it reads the secret of ${story.name} again.`,
      'Run `npx keyguard status` and see that the current key is accepted.',
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: the old key ${story.key} is quiet now`,
    summary: [
      `${story.key}, the old key of ${story.name}, shows no more traffic; it was a straggler for ${story.lasted}.`,
      story.wasCut ? 'It was made inactive.' : 'It retires by itself.',
    ],
    actions: ['Nothing has to be done.'],
  }),
} as const satisfies Record<IncidentState, Tell>;

function happened(story: Story): string {
  const because = story.reason === undefined ? '' : ` (${story.reason})`;
  return `${story.name} was rotated, but its old key ${story.key} still shows traffic${story.whereUsed}, since ${story.sinceAndAgo}${because}.`;
}
