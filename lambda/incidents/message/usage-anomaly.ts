import { unattributed } from '../../../contract/metrics.ts';
import { consolePath, createKey, type Story, type Wording, type Words } from './story.ts';
import { supplyWords } from './supply-text.ts';

export const usageAnomaly: Wording<'usage-anomaly'> = {
  open: (story) => ({
    title: `${story.name}: ${story.excess ?? 'usage left its normal range'}${story.isCut ? ', also after the cut' : ''}`,
    summary: [
      happened(story),
      ...(story.isCut ? [`It went on after a cut: ${story.cutSoFar}`] : []),
      soFar(story),
      story.managed
        ? `If nobody acts, the usage and its cost go on, unless the policy of ${story.name} cuts the key off; you would get a message.`
        : 'If nobody acts, the usage and its cost go on: nothing is cut off automatically outside managed keys.',
    ],
    actions: story.managed ? whenManaged(story) : whenUnmanaged,
  }),
  containing: (story) => ({
    title: `${story.name}: unusual usage, ${story.key} is being cut off`,
    summary: [
      happened(story),
      `${story.key} is being made inactive at Anthropic by the policy of ${story.name}${story.brake === undefined ? '' : `; it waits: ${story.brake}`}.`,
      'If nobody acts, this goes on by itself, and a message follows when the key is dead.',
    ],
    actions: [
      'Run `npx --no-install keyguard status` and see that consumers have another key that works.',
      `If no message follows within 10 minutes, cut it off by hand: ${consolePath} > ${story.key} > Disable.`,
    ],
  }),
  contained: (story) => ({
    title: `${story.name}: unusual usage, ${story.key} is cut off`,
    summary: [
      happened(story),
      `${story.key} was made inactive at Anthropic automatically and opens nothing any more, ${story.lasted} after the first sign.`,
      story.noneLeft
        ? `${story.name} has no current key now: its consumers fail until it has another one. If nobody acts, that goes on.`
        : 'If nobody acts, the key stays inactive, but whatever leaked it may leak the next one.',
    ],
    actions: story.noneLeft
      ? [
          ...createKey(story, 'Open'),
          `Unless ${story.name} is paused, the new key becomes current by itself within minutes; consumers must then read the secret again.`,
          closeTheHole,
        ]
      : [
          `Run \`npx --no-install keyguard status\` and see that ${story.name} has a current key; consumers that still hold the dead one must read the secret again.`,
          closeTheHole,
          ...(story.supply === 'itself'
            ? []
            : [
                `Add a standby key for the next rotation: create it in ${consolePath}, then paste it into \`npx --no-install keyguard standby add ${story.name}\`.`,
              ]),
        ],
  }),
  recovered: (story) => (story.isExpected ? expected(story) : story.isAdopted ? adopted(story) : calm(story)),
};

function calm(story: Story): Words {
  return {
    title: `${story.name}: usage is back to normal`,
    summary: [isOver(story), ...costOf(story), story.cutSoFar, 'If it comes back, you will hear of it as a new incident.'],
    actions: story.isCut
      ? ['Keep what was cut off inactive; nothing else has to be done.']
      : ['If nobody found the cause yet, look for it while the logs are fresh.'],
  };
}

function expected(story: Story): Words {
  return {
    title: `${story.name}: its unusual usage is expected`,
    summary: [
      isOver(story),
      ...costOf(story),
      story.cutSoFar,
      'Until then nobody hears of unusual usage of it, and nothing is cut off because of it.',
    ],
    actions: [`To end that early: \`npx --no-install keyguard expect ${story.managed ? story.name : unattributed} --end\`.`],
  };
}

function adopted(story: Story): Words {
  return {
    title: `${story.name}: unusual usage has lasted, and is learnt as usual`,
    summary: [
      `The unusual usage of ${story.name} that began ${story.sinceAndAgo} goes on${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      ...costOf(story),
      story.cutSoFar,
      'You will not hear of it again while it stays as it is; more than that is a new incident.',
    ],
    actions: story.managed
      ? [
          `If the owners of ${story.name} know this usage, do nothing.`,
          `If nobody knows it, it is a theft that goes on: \`npx --no-install keyguard rotate ${story.name} --emergency\`.`,
        ]
      : ['If nobody knows this usage, find its key or workspace in Claude Console > Usage, and cut it off.'],
  };
}

function isOver({ name, sinceAndAgo, reason }: Story): string {
  return `The unusual usage of ${name} that began ${sinceAndAgo} is over${reason === undefined ? '' : `: ${reason}`}.`;
}

function costOf({ excessCost }: Story): readonly string[] {
  return excessCost === undefined ? [] : [`It has cost ${excessCost} (an estimate).`];
}

const closeTheHole = 'Find out how the value got out (repositories, logs, images, laptops) and close that hole.';

function happened(story: Story): string {
  const who = story.managed ? `Managed key ${story.name}` : 'Usage outside managed keys (playground, federated identities, unknown keys)';
  const what = story.measured === undefined ? 'left its normal range' : `shows ${story.measured}`;
  const { excessCost, excessCostPerHour } = story;
  const pace = excessCostPerHour === undefined ? '' : `, and costs ${excessCostPerHour} an hour now`;
  const cost = excessCost === undefined ? '' : ` So far it has cost ${excessCost}${pace} (estimates).`;
  return `${who} ${what}. It began ${story.sinceAndAgo}${story.whereUsed}.${cost}`;
}

function soFar({ brake, isCut }: Story): string {
  if (brake !== undefined) return `It was not cut off automatically: ${brake}.`;
  return isCut ? 'Nothing more has been cut off so far.' : 'Nothing has been cut off so far.';
}

function whenManaged(story: Story): readonly string[] {
  return [
    `Ask the owners of ${story.name} whether a release, a batch job or a load test began around ${story.since}.`,
    'If it is theirs, do nothing: the incident ends by itself when usage is back to normal.',
    `If it is theirs and goes on, say so: \`npx --no-install keyguard expect ${story.name} --until 8h --because release\`. Until then nothing is cut off, and afterwards it is learnt as usual.`,
    `If it is nobody's, give consumers a fresh key and cut the old ones off, in one: \`npx --no-install keyguard rotate ${story.name} --emergency\`.`,
    `${supplyWords[story.supply].without} the key, although consumers fail: ${consolePath} > ${story.key} > Disable.`,
    'Run `npx --no-install keyguard status` and see that the new key is current.',
  ];
}

const whenUnmanaged: readonly string[] = [
  'Open Claude Console > Usage and find which key or workspace grew.',
  `If nobody knows it, cut it off (it can be enabled again): ${consolePath} > the key > Disable.`,
  'If it is a key in real use, bring it under management, so that it can be rotated and cut off.',
];
