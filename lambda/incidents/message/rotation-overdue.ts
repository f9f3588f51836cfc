import type { Wording } from './story.ts';
import { supplyWords } from './supply-text.ts';

export const rotationOverdue: Wording<'rotation-overdue'> = {
  open: (story) => ({
    title: `${story.name}: no rotation has succeeded for too long`,
    summary: [
      `${story.key} of ${story.name} is the current key since ${story.sinceAndAgo}, longer than its policy allows${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'It is still in use, so nothing fails because of this.',
      'If nobody acts, it only grows older: a value that leaked long ago stays good.',
    ],
    actions: [
      `Run \`npx --no-install keyguard status ${story.name}\`: it shows the next rotation, ${supplyWords[story.supply].shown}, and what is wrong.`,
      'Run `npx --no-install keyguard doctor`: it finds a schedule that is off, a version that is stuck and permissions that are missing.',
      `Then rotate now: \`npx --no-install keyguard rotate ${story.name}\`.`,
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: rotation is on time again`,
    summary: [
      `${story.name}, which had not been rotated since ${story.since}, is in order again${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'After a rotation, consumers that cache the secret read the new key within their grace.',
    ],
    actions: [`Nothing has to be done; \`npx --no-install keyguard status ${story.name}\` shows when the next rotation is due.`],
  }),
};
