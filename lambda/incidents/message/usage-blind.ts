import type { Wording } from './story.ts';

export const usageBlind: Wording<'usage-blind'> = {
  open: (story) => ({
    title: 'Key Guard does not see what your organization uses',
    summary: [
      `Usage at Anthropic is not visible since ${story.sinceAndAgo}${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'Until it is, no old key is made inactive because it is quiet, and no key is cut off because of its usage.',
      'If nobody acts, a theft stays unseen. You get a message when usage is visible again.',
    ],
    actions: [
      'Run `npx --no-install keyguard doctor`: it says whether the collector runs, and whether Anthropic accepts the admin credential.',
      `Open Claude Console > Usage. If it shows tokens later than ${story.since}, the report of the API stands still: tell Anthropic.`,
      'If nobody uses Claude at this time, and Key Guard sends no heartbeat, nothing has to be done.',
    ],
  }),
  recovered: (story) => ({
    title: 'Key Guard sees again what your organization uses',
    summary: [
      `Usage at Anthropic was not visible for ${story.lasted}, since ${story.since}. It is over${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'What was used meanwhile is read and judged as it becomes visible.',
    ],
    actions: ['Nothing has to be done.'],
  }),
};
