import type { incidentGrades } from '../../../contract/registry.ts';
import { consolePath, type Story, type Wording, type Words } from './story.ts';

export const keyChanged: Wording<'key-changed'> = {
  open: (story) => {
    const { title, sequel, steps, who = 'Somebody other than Key Guard' } = changeOf(story);
    return {
      title: `${story.name}: ${title}`,
      summary: [`${who} changed ${story.name}, seen ${story.sinceAndAgo}: ${story.reason ?? `it is about ${story.key}`}.`, ...sequel],
      actions: steps,
    };
  },
  recovered: (story) => (story.grade === 'undone-key-woken' ? inactiveAgain(story) : noDifference(story)),
};

function inactiveAgain(story: Story): Words {
  return {
    title: `${story.name}: ${story.key} is inactive again`,
    summary: [
      `${story.key} of ${story.name}, which was active ${story.since} after an undo that failed, is inactive again${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'If it is needed, an undo that names it brings it back.',
    ],
    actions: ['If its value may be in other hands, look at what used it while it was active.'],
  };
}

function noDifference(story: Story): Words {
  return {
    title: `${story.name}: the change by somebody else is settled`,
    summary: [
      `The change to ${story.name} that was seen ${story.since} was taken back, or is taken note of${story.reason === undefined ? '' : `: ${story.reason}`}.`,
      'A key that was archived stays archived.',
      'If it happens again, you will hear of it as a new incident.',
    ],
    actions: ['If nobody found out who it was, look for it while the logs are fresh.'],
  };
}

interface Change {
  readonly title: string;
  /** @default Somebody other than Key Guard */
  readonly who?: string;
  /** What was done automatically, and what comes next if nobody acts. */
  readonly sequel: readonly string[];
  readonly steps: readonly string[];
}

function changeOf(story: Story): Change {
  const inConsole = `Find out who it was: ask those who may change keys in the Console, and see who is an admin of the organization (${consolePath} > ${story.key}).`;
  const changes: Readonly<Record<(typeof incidentGrades)['key-changed'][number], Change>> = {
    'left-active': {
      title: `${story.key} is still active, though nobody manages it any more`,
      sequel: ['It is left active.', 'If nobody acts, it is neither rotated nor watched, and whoever holds its value can spend.'],
      steps: [
        `If it is still in use, put ${story.name} back into keyguard.json and deploy, so that it is rotated again.`,
        `If it is not, disable it: ${consolePath} > ${story.key} > Disable.`,
      ],
    },
    'key-archived': {
      title: `somebody archived ${story.key}`,
      sequel: [
        'It cannot be used any more, and nothing brings it back.',
        story.supply === 'itself' ? 'If nobody acts, no undo can bring it back.' : 'If nobody acts, there is one standby key less.',
      ],
      steps: [
        inConsole,
        `See what is left: \`npx --no-install keyguard status ${story.name}\`.`,
        ...addAnother(story, 'If the pool is short of it, add'),
      ],
    },
    'standby-key-woken': {
      title: story.supply === 'itself' ? `somebody enabled the rejected key ${story.key}` : `somebody enabled the standby key ${story.key}`,
      sequel: [
        'It is deactivated again.',
        story.supply === 'itself'
          ? 'If nobody acts, it stays rejected, and no rotation takes it.'
          : 'If nobody acts, a rotation will take it into use as if nothing had happened.',
      ],
      steps: [
        inConsole,
        `Unless it was a mistake, its value may be in other hands: \`npx --no-install keyguard standby remove ${story.name} ${story.typedKey}\`, and delete the key in the Console.`,
        ...addAnother(story, 'Then add'),
      ],
    },
    'undone-key-woken': {
      title: `${story.key} was active again after an undo that failed`,
      who: 'A call of that undo that came late, or somebody in the Console,',
      sequel: ['It is deactivated again, and was accepted by Anthropic for some minutes.', 'If nobody acts, it stays inactive.'],
      steps: [
        `If you enabled it because it is needed, bring it back in the regular way: \`npx --no-install keyguard undo ${story.name} --api-key-id ${story.typedKey}\`.`,
        `If its value may be in other hands, look at what used it: Claude Console > Usage, key ${story.key}.`,
      ],
    },
    'old-key-disabled': {
      title: `somebody disabled the old key ${story.key} before its grace was over`,
      sequel: ['It is left disabled.', 'If nobody acts, consumers that still hold the old value get 401 until they read the secret again.'],
      steps: [
        inConsole,
        `If consumers fail, enable it again: ${consolePath} > ${story.key} > Enable; it retires by itself when it is quiet.`,
        `Restart or redeploy what holds the old value, so that it reads the secret of ${story.name} again.`,
      ],
    },
    'old-key-woken': {
      title: `somebody enabled the old key ${story.key} again`,
      sequel: [
        'It is left active, since a person may need it, and it is not archived.',
        'If nobody acts, it stays active, and whoever holds its value can spend.',
      ],
      steps: [
        inConsole,
        `If nobody needs it, disable it again: ${consolePath} > ${story.key} > Disable; no consumer should hold it.`,
        `If consumers need it, give it back to them in the regular way: \`npx --no-install keyguard undo ${story.name} --api-key-id ${story.typedKey}\`.`,
      ],
    },
    'label-moved': {
      title: 'somebody moved AWSCURRENT to a key that was replaced',
      sequel: [
        `Nothing was undone: consumers read ${story.key} again, and the key that was current has its grace.`,
        'If nobody acts, it stays until the next rotation.',
      ],
      steps: [
        'Find out who it was: CloudTrail, events UpdateSecretVersionStage of this secret.',
        'If consumers need it, nothing has to be done.',
        `If not, move on: \`npx --no-install keyguard rotate ${story.name}\`.`,
      ],
    },
    'secret-written': {
      title: 'somebody wrote the secret by hand',
      sequel: [
        'Nothing was undone: consumers read what was written, and nobody has proven that it works.',
        'If nobody acts, it stays until the next rotation; Key Guard neither watches the use of that key nor cuts it off.',
      ],
      steps: [
        'Find out who it was: CloudTrail, events PutSecretValue, UpdateSecret and UpdateSecretVersionStage of this secret.',
        `Put a managed key back: \`npx --no-install keyguard rotate ${story.name}\`.`,
        'Then find the key that was written there in the Console, and disable it.',
      ],
    },
  };
  const unknown: Change = {
    title: `somebody else changed ${story.key}`,
    sequel: ['If nobody acts, it stays as it is now.'],
    steps: [
      inConsole,
      `Run \`npx --no-install keyguard status ${story.name}\`; \`npx --no-install keyguard runbook key-changed\` says what to do for each change.`,
    ],
  };
  return isChange(story.grade, changes) ? changes[story.grade] : unknown;
}

function addAnother({ supply, name }: Story, when: string): readonly string[] {
  return supply === 'itself' ? [] : [`${when} another one: \`npx --no-install keyguard standby add ${name}\`.`];
}

function isChange<T extends object>(grade: string | undefined, changes: T): grade is string & keyof T {
  return grade !== undefined && Object.hasOwn(changes, grade);
}
