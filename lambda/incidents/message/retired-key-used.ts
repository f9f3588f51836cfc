import { consolePath, createKey, type Story, type Wording, type Words } from './story.ts';

export const retiredKeyUsed: Wording<'retired-key-used'> = {
  open: (story) => (story.grade === 'running' ? stillRunning(story) : used(story)),
  containing: (story) => ({
    title: `${story.name}: ${story.key} should be inactive and is being cut off`,
    summary: [
      happened(story),
      `It is being made inactive at Anthropic${story.brake === undefined ? '' : `; it waits: ${story.brake}`}.`,
      'If nobody acts, this goes on by itself, and a message follows when the key is dead.',
    ],
    actions: [`If no message follows within 10 minutes, cut it off by hand: ${consolePath} > ${story.key} > Disable.`],
  }),
  contained: (story) => ({
    title: `${story.name}: ${story.key} was used although inactive and is cut off`,
    summary: [
      happened(story),
      `It was made inactive at Anthropic automatically and opens nothing any more, ${story.lasted} after the first sign.`,
      'If nobody acts, it stays inactive; a rotation will not take it into use.',
    ],
    actions: [
      'Find out who enabled the key and how its value got out.',
      ...createKey(story, `If \`npx --no-install keyguard status\` shows that the pool of ${story.name} ran low, open`),
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: ${story.key} is quiet again`,
    summary: [
      `${story.key} of ${story.name} is quiet again${story.reason === undefined ? '' : ` (${story.reason})`}; it was used ${story.sinceAndAgo}.`,
      story.cutSoFar,
      'If it is used again, you will hear of it as a new incident.',
    ],
    actions: ['If nobody found out who used it, look for it while the logs are fresh.'],
  }),
};

function soFar({ brake, wasCut }: Story): string {
  if (brake !== undefined) return `It was not made inactive automatically: ${brake}.`;
  return wasCut ? 'It was cut off before, and is used again.' : 'It has not been made inactive so far.';
}

function happened(story: Story): string {
  const because = story.reason === undefined ? 'which should be inactive' : `which should be inactive (${story.reason})`;
  const used = story.measured === undefined ? 'is used' : `shows ${story.measured}`;
  return `${story.key} of ${story.name}, ${because}, ${used}, at ${story.sinceAndAgo}${story.whereUsed}.`;
}

function used(story: Story): Words {
  return {
    title: `${story.name}: ${story.key} is used although it should be inactive`,
    summary: [happened(story), soFar(story), 'If nobody acts, whoever holds this value can go on spending.'],
    actions: [
      `Look the key up: ${consolePath} > ${story.key}; if it is active, somebody enabled it.`,
      story.isStandby
        ? `Unless you know who uses it, take it out of the pool and end it for good: \`npx --no-install keyguard standby remove ${story.name} ${story.typedKey}\`; no consumer holds it.`
        : `Unless you know who uses it, cut it off now: \`npx --no-install keyguard rotate ${story.name} --emergency --api-key-id ${story.typedKey}\`, or Disable it there; no consumer should hold it.`,
      'Run `npx --no-install keyguard status` and see that it stays inactive.',
      `Find out how the value got out${story.isStandby ? '; a standby key that was used before its rotation must not be taken into use' : ''}.`,
    ],
  };
}

function stillRunning(story: Story): Words {
  return {
    title: `${story.name}: ${story.key} is cut off, and requests that it began before go on`,
    summary: [
      `${story.key} of ${story.name} was cut off and is inactive at Anthropic, and still shows tokens${story.whereUsed}, last at ${story.sinceAndAgo}.`,
      'A batch or a stream that began before the cut goes on by itself, a batch for up to 24 hours; the key opens nothing new.',
      'Key Guard can do nothing more about it, and tells you no more of it unless the key becomes active again.',
    ],
    actions: [
      `To stop it, cancel the batch: Claude Console > Batches, in ${story.workspace}.`,
      `If there is no batch, see in ${consolePath} > ${story.key} who enabled it for a while.`,
    ],
  };
}
