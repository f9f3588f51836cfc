import type { Wording } from './story.ts';

export const replicaBehind: Wording<'replica-behind'> = {
  open: (story) => ({
    title: `${story.name}: a replica of the secret is behind`,
    summary: [
      `A replica Region does not hold the current value of the secret of ${story.name}, seen ${story.sinceAndAgo}${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'Readers there still get the old key, which works during its grace.',
      'If nobody acts, they get 401 as soon as the old key is retired.',
    ],
    actions: [
      'Open the secret in Secrets Manager > Replication: the status message of the Region says why; most often its KMS key or a secret of the same name there is in the way.',
      'Mend that, then choose Retry replication for that Region.',
      'If it cannot be mended in time, let consumers there read the secret in its primary Region.',
      `Run \`npx --no-install keyguard status ${story.name}\`: it shows until when the old key works.`,
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: no replica is known to be behind any more`,
    summary: [
      `The replica of the secret of ${story.name} that was behind since ${story.since} is up to date again${story.reason === undefined ? '' : `: ${story.reason}`}.`,
    ],
    actions: [
      `See that it is in sync: \`npx --no-install keyguard status ${story.name}\`. Consumers there that cache the secret should read it again.`,
    ],
  }),
};
