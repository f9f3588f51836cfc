import type { IncidentState } from '../../../contract/records.ts';
import { consolePath, type Story, type Tell } from './story.ts';

export const rotationFailed = {
  open: (story) => ({
    title: `${story.name}: the rotation could not finish, people must act`,
    summary: [
      happened(story),
      'The current key stays in use and works, so nothing fails now.',
      'If nobody acts, the key grows older than its policy allows; once a fitting standby key is there, the rotation resumes by itself.',
    ],
    actions: newKeySteps(story),
  }),
  containing: (story) => ({
    title: `${story.name}: a key is being cut off while the rotation is unfinished`,
    summary: [
      happened(story),
      `${story.key} is being made inactive at Anthropic${story.brake === undefined ? '' : `; it waits: ${story.brake}`}.`,
      'If nobody acts, consumers may be left without a key until a standby key is there.',
    ],
    actions: newKeySteps(story),
  }),
  contained: (story) => ({
    title: `${story.name}: a key was cut off while the rotation is unfinished`,
    summary: [
      happened(story),
      `${story.key} was made inactive at Anthropic automatically.`,
      'If nobody acts, the rotation stays unfinished; once a fitting standby key is there, it resumes by itself.',
    ],
    actions: newKeySteps(story),
  }),
  recovered: (story) => ({
    title: `${story.name}: the rotation went through`,
    summary: [
      `The rotation of ${story.name} that failed ${story.since} has succeeded after ${story.lasted}.`,
      'Consumers read the new key.',
    ],
    actions: ['Nothing has to be done; `npx keyguard status` shows how many standby keys are left.'],
  }),
} as const satisfies Record<IncidentState, Tell>;

function happened(story: Story): string {
  return `The rotation of ${story.name} has not finished since ${story.sinceAndAgo}: ${story.reason ?? 'the reason is in the log of the rotation function'}.`;
}

/** Anthropic's API cannot create a key, so a person must: the exact way, with the names to type. */
function newKeySteps(story: Story): readonly string[] {
  return [
    'Run `npx keyguard status`: it shows what the rotation waits for and how many standby keys are left.',
    `If none is left or none fits, open ${consolePath} > Create key, choose ${story.workspace}, name it ${story.newKeyName}, and give it no expiry or a late one.`,
    `Copy the value, which is shown only once, and paste it into the hidden prompt of \`npx keyguard standby add ${story.name}\`.`,
    'Do nothing more: the rotation resumes by itself with that key, and a message says so.',
  ];
}
