import type { Story, Wording } from './story.ts';

export const usageUnfamiliar: Wording<'usage-unfamiliar'> = {
  open: (story) => ({
    title: `${story.name}: first use of ${shortly(story)}`,
    summary: [
      `Managed key ${story.name} uses ${listed(story)}. In the ${story.knownFor} before that it never did. It began ${story.sinceAndAgo}.`,
      'Nothing is cut off because of this alone: mostly it is a release.',
      'If nobody acts, it counts as usual after a day.',
    ],
    actions: [
      `Ask the owners of ${story.name} whether they changed that around ${story.since}.`,
      'If it is theirs, do nothing.',
      `If it is nobody's, somebody else has the key. Give consumers a fresh one and cut the old ones off, in one: \`npx --no-install keyguard rotate ${story.name} --emergency\`.`,
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: ${shortly(story)} is usual from now on`,
    summary: [
      `${story.name} used ${listed(story)} for the first time ${story.since}${story.reason === undefined ? '' : `; ${story.reason}`}.`,
    ],
    actions: ['Nothing has to be done, if somebody knows why.'],
  }),
};

function shortly({ categories: [first = 'something new', ...others] }: Story): string {
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

function listed({ categories }: Story): string {
  if (categories.length < 2) return categories[0] ?? 'something new';
  return `${categories.slice(0, -1).join(', ')} and ${categories.at(-1)}`;
}
