import { createKey, type Wording } from './story.ts';

export const poolLow: Wording<'pool-low'> = {
  open: (story) => {
    const empty = story.grade === 'empty';
    return {
      title: empty
        ? `${story.name}: no standby key is ready, the next rotation will fail`
        : `${story.name}: standby keys run low, a person must make the next one`,
      summary: [
        `The standby keys of ${story.name} cover less than its policy asks for${story.reason === undefined ? '' : `: ${story.reason}`}.`,
        "Anthropic's API cannot create keys, so a person has to.",
        empty
          ? 'If nobody acts, the next rotation fails; the current key stays in use and grows older than its policy allows.'
          : 'If nobody acts, a rotation will find no key and fail; the current key would stay in use.',
      ],
      actions: [
        ...createKey(story, 'Open'),
        'Better make two: then the next rotation does not have to wait for anybody.',
        `Run \`npx --no-install keyguard status ${story.name}\`: it shows how far the standby keys reach now.`,
      ],
    };
  },
  recovered: (story) => ({
    title: `${story.name}: there are enough standby keys again`,
    summary: [
      `The standby keys of ${story.name}, which had run low ${story.since}, cover what its policy asks for again${story.reason === undefined ? '' : `: ${story.reason}`}.`,
    ],
    actions: ['Nothing has to be done.'],
  }),
};
