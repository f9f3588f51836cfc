import type { RotationEnd } from '../../../contract/causes.ts';
import { rotationEndTexts } from './cause-text.ts';
import { createKey, type Tell, type Wording } from './story.ts';
import { supplyWords } from './supply-text.ts';

/** One kind for a rotation that failed, for one that hangs and for an undo that cannot be: the reason says which. */
export const rotationFailed: Wording<'rotation-failed'> = {
  open: (story) => (told.get(story.grade ?? '') ?? failed)(story),
  // By how it ended, not by how it began: what failed at first may have succeeded in the end.
  recovered: (story) => (story.end === undefined ? wentThrough : ends[story.end])(story),
};

const undoInVain: Tell = (story) => ({
  title: `${story.name}: the undo failed`,
  summary: [
    `An operator asked for an old key of ${story.name} back, and it cannot come back: ${story.reason ?? 'the reason is in the log of the rotation function'}.`,
    'The current key stays in use, so nothing fails because of this, and no other key is taken in its place.',
    'If nobody acts, everything stays as it was before the undo.',
  ],
  actions: [
    'If the current key is fine, do nothing.',
    `To move on to ${supplyWords[story.supply].nextKey}, run \`npx --no-install keyguard rotate ${story.name} --again\`; \`npx --no-install keyguard status ${story.name}\` shows ${supplyWords[story.supply].shown}.`,
  ],
});

const nothingLasts: Tell = (story) => ({
  title: `${story.name}: no rotation is owed any more`,
  summary: [
    `What was told of ${story.name} ${story.since} is over: ${rotationEndTexts['still-current']}.`,
    'Consumers read the same key as before.',
  ],
  actions: ['Nothing has to be done; `npx --no-install keyguard status` shows the current key.'],
});

const lapsed: Tell = (story) => ({
  title: `${story.name}: the emergency has lapsed, and its key is still in use`,
  summary: [
    `The emergency of ${story.name} that stopped half way ${story.since} is over: ${rotationEndTexts['emergency-lapsed']}.`,
    'Its rotation schedule may be off since then: nothing rotates while it is.',
  ],
  actions: [
    `If the key must still die, run \`npx --no-install keyguard rotate ${story.name} --emergency\`.`,
    `If not, run \`npx --no-install keyguard resume ${story.name}\`, which turns the schedule on.`,
  ],
});

const failed: Tell = (story) => ({
  title: `${story.name}: the rotation did not finish, people must act`,
  summary: [
    `The rotation of ${story.name} has not brought a new key into use since ${story.sinceAndAgo}: ${story.reason ?? 'the reason is in the log of the rotation function'}.`,
    'The current key stays in use, so nothing fails because of this.',
    'If nobody acts, the key grows older than its policy allows; once what the rotation waits for is there, it resumes by itself.',
  ],
  actions: [
    `Run \`npx --no-install keyguard status ${story.name}\`: it shows what the rotation waits for and ${supplyWords[story.supply].shown}.`,
    ...createKey(story, 'If no standby key is left or none fits, open'),
    'If that is not the reason, or nothing moves for an hour, run `npx --no-install keyguard doctor`: it names what is stuck and how to free it.',
    'Then wait: the rotation resumes by itself, and a message says so.',
  ],
});

const emergencyStopped: Tell = (story) => ({
  title: `${story.name}: an emergency has stopped half way, people must act`,
  summary: [
    `The key that must die is still the current key of ${story.name}, and active: ${story.reason ?? 'the command was broken off'}.`,
    'Nothing goes on by itself: the managed key is paused, or its schedule is off since a pause. An emergency ends both.',
    'If nobody acts, the key stays in use, and after a day the emergency lapses.',
  ],
  actions: [
    `Run \`npx --no-install keyguard rotate ${story.name} --emergency\` again: it goes on where it stopped.`,
    `Run \`npx --no-install keyguard status ${story.name}\` and see that another key is current.`,
  ],
});

/** What is told of a failure of some grade; of others, that the rotation failed. */
const told: ReadonlyMap<string, Tell> = new Map([
  ['undo-in-vain', undoInVain],
  ['emergency-stopped', emergencyStopped],
]);

const wentThrough: Tell = (story) => ({
  title: `${story.name}: the rotation went through`,
  summary: [
    `The rotation of ${story.name} that did not finish ${story.since} went through after ${story.lasted}${story.reason === undefined ? '' : `: ${story.reason}`}.`,
    'Consumers read the new key.',
  ],
  actions: [`Nothing has to be done; \`npx --no-install keyguard status\` shows ${supplyWords[story.supply].shown}.`],
});

const ends: Readonly<Record<RotationEnd, Tell>> = { switched: wentThrough, 'still-current': nothingLasts, 'emergency-lapsed': lapsed };
