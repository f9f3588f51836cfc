import { consolePath, createKey, type Story, type Wording, type Words } from './story.ts';
import { supplyWords } from './supply-text.ts';

export const currentKeyDead: Wording<'current-key-dead'> = {
  open: (story) => {
    if (story.grade === 'secret-deleted') return secretDeleted(story);
    if (story.grade === 'cut-off') return cutOff(story);
    return story.grade === 'replacing' ? replacing(story) : dead(story);
  },
  recovered: (story) => ({
    title: `${story.name}: consumers have a key that works again`,
    summary: [
      `The current key of ${story.name} works again${story.reason === undefined ? '' : `: ${story.reason}`}; it had been dead for ${story.lasted}, since ${story.since}.`,
      'Consumers that still hold the dead value must read the secret again.',
    ],
    actions: [lookBack(story), `Run \`npx --no-install keyguard status ${story.name}\`: it shows ${supplyWords[story.supply].shown}.`],
  }),
};

function lookBack({ grade, key }: Story): string {
  if (grade === 'secret-deleted')
    return 'If nobody found out who scheduled the deletion, look for it now: CloudTrail, events DeleteSecret.';
  if (grade === 'cut-off')
    return `If nobody found out how the value of ${key} got out, look for it now: what leaked it may leak the next one.`;
  return `If nobody found out why ${key} died, look for it now: a key that Anthropic deactivated was public.`;
}

/** By containment, whose policy cuts even the last credential. */
function cutOff(story: Story): Words {
  return {
    title: `${story.name}: consumers have no key, ${story.key} was cut off`,
    summary: [
      `${story.key}, which consumers of ${story.name} read, may be stolen, and does not work any more since ${story.sinceAndAgo}: ${story.reason ?? 'it was cut off'}.`,
      supplyWords[story.supply].replacement,
      'If nobody acts, every request of these consumers goes on failing with 401.',
    ],
    actions: [
      ...createKey(story, 'Open'),
      `Run \`npx --no-install keyguard status ${story.name}\` and see that the new key is current; consumers that hold the dead one must read the secret again.`,
      'Find out how the value got out (repositories, logs, images, laptops) and close that hole: what leaked it may leak the next one.',
    ],
  };
}

function secretDeleted(story: Story): Words {
  return {
    title: `${story.name}: consumers fail, their secret is going to be deleted`,
    summary: [
      `Consumers of ${story.name} cannot read their key any more since ${story.sinceAndAgo}: ${story.reason ?? 'their secret is scheduled for deletion'}.`,
      'Key Guard left it as it is.',
      'If nobody acts, consumers fail as soon as they read the secret, and at that time it is gone for good.',
    ],
    actions: [
      'Bring it back: `aws secretsmanager restore-secret --secret-id` with the ARN above; consumers then read what they read before.',
      'Find out who it was: CloudTrail, events DeleteSecret of this secret.',
      `Run \`npx --no-install keyguard doctor ${story.name}\` and see that its current key is ok.`,
    ],
  };
}

const leaked =
  "If it was Anthropic (the key's creator got an email), or nobody knows who it was, treat the value as leaked: leave it disabled, find where it is public, and look at its usage.";

function isDead({ name, key, reason }: Story): readonly string[] {
  return [
    `${key}, which consumers of ${name} read now, does not work any more: ${reason ?? 'Anthropic does not show it as active'}.`,
    'Somebody disabled or deleted it in the Console, Anthropic deactivated it because it was found in public, or it expired.',
  ];
}

function replacing(story: Story): Words {
  return {
    title: `${story.name}: the current key ${story.key} is dead, ${supplyWords[story.supply].nextKey} takes its place`,
    summary: [
      ...isDead(story),
      `Key Guard asks for a rotation to ${supplyWords[story.supply].nextKey} by itself.`,
      'Until consumers read the new value, their requests fail with 401.',
    ],
    actions: [
      `Wait for the message that consumers have a key that works again; it comes within a quarter of an hour, and \`npx --no-install keyguard status ${story.name}\` shows how far it is.`,
      `If it does not come, run \`npx --no-install keyguard rotate ${story.name}\`.`,
      leaked,
    ],
  };
}

function dead(story: Story): Words {
  return {
    title: `${story.name}: consumers fail, the current key ${story.key} is dead`,
    summary: [...isDead(story), 'If nobody acts, every request of these consumers goes on failing with 401.'],
    actions: [
      `Give consumers another key: \`npx --no-install keyguard rotate ${story.name}\` takes ${supplyWords[story.supply].nextKey}, and says what to do when there is none.`,
      `If somebody disabled it by mistake, enable it again instead: ${consolePath} > ${story.key} > Enable. An archived or expired key cannot come back.`,
      leaked,
      `Run \`npx --no-install keyguard status ${story.name}\` and see that the current key is accepted.`,
    ],
  };
}
