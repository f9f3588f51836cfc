import { utcMinute } from '../lambda/foundation/clock.ts';
import type { OnboardPorts } from '../lambda/rotation/onboard.ts';

/** The ports of an intake that say aloud what is asked of them; each sentence once, however often a poll repeats it. */
export function narrated(ports: OnboardPorts, say: (sentence: string) => void): OnboardPorts {
  const said = new Set<string>();
  const once = (sentence: string): void => {
    if (said.has(sentence)) return;
    said.add(sentence);
    say(sentence);
  };
  let stored = false;
  return {
    ...ports,
    keys: {
      ...ports.keys,
      list: () => {
        once('Looking for the key in the organization …');
        return ports.keys.list();
      },
      setStatus: (apiKeyId, status) => {
        once(status === 'active' ? `Making ${apiKeyId} active for its proof …` : `Making ${apiKeyId} ${status} …`);
        return ports.keys.setStatus(apiKeyId, status);
      },
    },
    recentUse: {
      ...ports.recentUse,
      reported: (apiKeyId, from) => {
        once('Workspace and expiry fit. Looking at its usage of the last seven days …');
        return ports.recentUse.reported(apiKeyId, from);
      },
    },
    usage: {
      async knownUntil() {
        const until = await ports.usage.knownUntil();
        once(unseenText(until));
        return until;
      },
    },
    probe: {
      probe: (value) => {
        once(stored ? 'Waiting until Anthropic refuses it …' : 'Asking Anthropic with the key itself …');
        return ports.probe.probe(value);
      },
    },
    standby: {
      put: (secretId, apiKeyId, value) => {
        once('Anthropic accepts it. Storing it …');
        stored = true;
        return ports.standby.put(secretId, apiKeyId, value);
      },
    },
  };
}

/** Asked only where no use of the key is visible. */
function unseenText(knownUntil: number): string {
  return knownUntil === 0
    ? 'No use of it is visible, and nobody’s usage is visible yet: whether it is in use, the usage report cannot show.'
    : `No use of it is visible. Usage is known until ${utcMinute(knownUntil)}: later use cannot be seen yet.`;
}
