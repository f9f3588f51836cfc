import { createKey, type Wording } from './story.ts';

/** One kind for a rotation that failed and for one that hangs: the reason says which. */
export const rotationFailed: Wording<'rotation-failed'> = {
  open: (story) => ({
    title: `${story.name}: the rotation did not finish, people must act`,
    summary: [
      `The rotation of ${story.name} has not brought a new key into use since ${story.sinceAndAgo}: ${story.reason ?? 'the reason is in the log of the rotation function'}.`,
      'The current key stays in use, so nothing fails because of this.',
      'If nobody acts, the key grows older than its policy allows; once what the rotation waits for is there, it resumes by itself.',
    ],
    actions: [
      `Run \`npx keyguard status ${story.name}\`: it shows what the rotation waits for and how many standby keys are left.`,
      ...createKey(story, 'If no standby key is left or none fits, open'),
      'If the pool is not the reason, or nothing moves for an hour, run `npx keyguard doctor`: it names what is stuck and how to free it.',
      'Do nothing more: the rotation resumes by itself, and a message says so.',
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: the rotation went through`,
    summary: [
      `The rotation of ${story.name} that did not finish ${story.since} went through after ${story.lasted}${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'Consumers read the new key.',
    ],
    actions: ['Nothing has to be done; `npx keyguard status` shows how many standby keys are left.'],
  }),
};
