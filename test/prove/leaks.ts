import { functionsOf } from '../../contract/heartbeat.ts';
import type { World } from '../../local/world.ts';
import type { Report } from './violation.ts';

/** I4: no value that opens anything stands where people or machines read. `heard`: what the command line said. */
export function judgeLeaks(world: World, ids: ReadonlyMap<string, string>, heard: string, report: Report): void {
  const { inspect, mailbox, functions } = world.aws;
  const places: Readonly<Record<string, unknown>> = {
    'a log': world.logs,
    'the state table': inspect.tables.items(world.installation.stateTable),
    'a message on the topic': inspect.topics.published(),
    'an email': mailbox.messages(),
    'a Slack card': world.slack.cards,
    'an event of Secrets Manager': inspect.secrets.events(),
    'a function’s error or event': functionsOf(world.definitions()).map((name) => [
      functions.invocations(name),
      functions.deadLetters(name),
    ]),
    'what the command line said': heard,
  };
  const secrets = [...ids].concat(world.values().map((value) => [value, 'an admin key or a webhook']));
  for (const [place, content] of Object.entries(places)) {
    const text = JSON.stringify(content);
    for (const [value, whose] of secrets) {
      if (!text.includes(middleOf(value))) continue;
      if (whose.startsWith('apikey_')) report('I4', `its value stands in ${place}`, whose);
      else report('I4', `the value of ${whose} stands in ${place}`);
    }
  }
}

/** So that a cut one is found too; what hints show is at the ends. */
function middleOf(value: string): string {
  return value.length > 60 ? value.slice(24, 48) : value;
}
