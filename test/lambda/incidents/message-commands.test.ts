import { expect, test } from 'vitest';
import { incidentKinds } from '../../../contract/registry.ts';
import { unattributed } from '../../../contract/metrics.ts';
import type { IncidentRecord } from '../../../contract/records.ts';
import { alertOf } from '../../../lambda/incidents/message.ts';
import { commandsIn, misunderstood } from '../../cli/command-line.ts';
import { page } from '../../docs/pages.ts';
import { anIncident, at, everyIncident } from './message-incidents.ts';

/** All that people read of an incident. */
function told(incident: IncidentRecord): string {
  const { title, summary, actions, facts } = alertOf(incident, { installation: 'acme', at });
  return [title, summary, ...actions, ...facts.map(({ value }) => value)].join('\n');
}

async function misunderstoodIn(texts: readonly string[]): Promise<readonly string[]> {
  const commands = [...new Set(texts.flatMap(commandsIn))];
  const answers = await Promise.all(commands.map(async (command) => ({ command, answer: await misunderstood(command) })));
  return answers.flatMap(({ command, answer }) => (answer === undefined ? [] : [`${command}: ${answer}`]));
}

test('the command line understands every command that a message names', async () => {
  const texts = everyIncident().map(told);
  expect(texts.flatMap(commandsIn).length).toBeGreaterThan(50);
  expect(await misunderstoodIn(texts)).toEqual([]);
});

test('a message that knows no more than its kind names commands that can be typed', async () => {
  const bare = everyIncident().map((incident) => {
    const { grade } = incident.facts;
    return told({ ...anIncident({ kind: incident.kind, state: incident.state }), facts: grade === undefined ? {} : { grade } });
  });
  expect(await misunderstoodIn(bare)).toEqual([]);
});

test('what is said of usage outside managed keys names no managed key that nobody has', async () => {
  const kinds = ['usage-anomaly', 'detection-failing'] as const;
  const texts = kinds.flatMap((kind) =>
    (['open', 'recovered'] as const).map((state) => told(anIncident({ kind, state, subject: unattributed }))),
  );
  expect(await misunderstoodIn(texts)).toEqual([]);
});

test('no message names a command outside of backticks, where its end cannot be seen', () => {
  for (const text of everyIncident().map(told)) expect(text.replaceAll(/`[^`]*`/g, '')).not.toContain('npx --no-install keyguard');
});

test.each(incidentKinds)('%s: every command of the run-book is one that the command line understands', async (kind) => {
  const text = page(`docs/runbooks/${kind}.md`).text.replaceAll('apikey_…', 'apikey_01FAKE');
  expect(await misunderstoodIn([text])).toEqual([]);
});
