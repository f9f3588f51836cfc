import { consolePath, type Tell } from './story.ts';

/** For every kind: the incident is over because nobody looks any more, and not because its cause is gone. */
export const removed: Tell = (story) => ({
  title: `${story.name}: closed, the managed key was taken out of the configuration`,
  summary: [
    `The incident of ${story.name} that began ${story.sinceAndAgo} is closed: this managed key was taken out of the configuration.`,
    'Nobody has seen that its cause is gone; Key Guard neither rotates nor watches this managed key any more.',
    ...(story.isCut ? [story.cutSoFar] : []),
  ],
  actions: [
    `If its API keys are still in use, put ${story.name} back into keyguard.json and deploy.`,
    `If they are not, see that each of them is disabled: ${consolePath}.`,
  ],
});
