import { channels, postedChannels, type PostedChannel } from '../../../contract/registry.ts';
import type { Wording } from './story.ts';

/** What to do about a channel that takes no alerts: where it refuses them, and where it does not answer. */
const cures: Readonly<Record<PostedChannel, { readonly refused: string; readonly unavailable: string }>> = {
  'slack-webhook': {
    refused:
      'Make a new incoming webhook in Slack (the old one was removed, or its channel archived), and store its URL: `npx --no-install keyguard slack-webhook set`.',
    unavailable: 'Wait until Slack answers again: status.slack.com says whether it has an outage.',
  },
};

/** The subject of the incident is the channel's name. */
function channelNamed(name: string): PostedChannel | undefined {
  return postedChannels.find((kind) => channels[kind].name === name);
}

export const deliveryFailed: Wording<'delivery-failed'> = {
  open: (story) => {
    const channel = channelNamed(story.name);
    const isRefused = story.grade === 'refused';
    const noun = channel === undefined ? 'credential' : channels[channel].credential.noun;
    return {
      title: `${story.name}: alerts do not arrive there${isRefused ? `, the ${noun} is refused` : ''}`,
      summary: [
        `${story.name} has not taken alerts since ${story.sinceAndAgo}${story.reason === undefined ? '' : `: ${story.reason}`}.`,
        'Key Guard has sent each of them three times; they are kept for 14 days, and email still carries new alerts.',
        `If nobody acts, those who look at ${story.name} alone do not hear of them.`,
      ],
      actions: [
        'See which alerts they are: `npx --no-install keyguard deliveries`.',
        ...(channel === undefined ? [] : [cures[channel][isRefused ? 'refused' : 'unavailable']]),
        'Then send them again: `npx --no-install keyguard deliveries --redrive`. What has arrived is not sent twice.',
      ],
    };
  },
  recovered: (story) => ({
    title: `${story.name}: no alert is missing there any more`,
    summary: [
      `The alerts that ${story.name} had not taken since ${story.since} have arrived, or are older than 14 days${story.reason === undefined ? '' : `: ${story.reason}`}.`,
    ],
    actions: ['Nothing has to be done.'],
  }),
};
