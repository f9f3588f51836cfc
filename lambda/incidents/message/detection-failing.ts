import type { Story, Wording } from './story.ts';

export const detectionFailing: Wording<'detection-failing'> = {
  open: (story) => ({
    title: `${story.name}: unusual usage would not be noticed now`,
    summary: [
      `Key Guard could not look at the usage of ${story.name}: each look since ${story.sinceAndAgo} has failed${story.reason === undefined ? '' : `, the last one with ${story.reason}`}.`,
      'Rotation, retirement and the detection of other keys are not affected.',
      'Each minute it is tried again. If nobody acts and it goes on, a theft would be noticed only afterwards.',
    ],
    actions: [
      'Run `npx --no-install keyguard doctor`: it checks the functions, the table and the permissions.',
      'Open the log of the anomaly detector function in CloudWatch Logs and look for `detection.failed`: it names the call and the error.',
      `Until that is mended, watch the usage of ${where(story)} in Claude Console > Usage.`,
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: its usage is looked at again`,
    summary: [
      `The usage of ${story.name}, which could not be looked at since ${story.since}, is looked at again${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'What was used meanwhile has been judged now; if it was unusual, a message of its own follows.',
    ],
    actions: ['Nothing has to be done.'],
  }),
};

function where({ name, managed }: Story): string {
  return managed ? name : 'your organization';
}
