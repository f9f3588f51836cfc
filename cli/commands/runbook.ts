import { readFileSync } from 'node:fs';
import { incidentKinds, type IncidentKind } from '../../contract/registry.ts';
import type { CliIo, Command } from '../command.ts';
import { json, line, table } from '../output.ts';

interface Flags {
  readonly json?: boolean;
}

/** `keyguard runbook [kind]`: it needs no account and no keyguard.json, since it is read when something is broken. */
export const runbook: Command = {
  name: 'runbook',
  summary: 'Print what to do about a kind of incident',
  register: (program, io) => {
    program
      .command(runbook.name)
      .summary(runbook.summary)
      .description(
        'Prints the run-book of a kind of incident: what it means, where to look, what to do, how it ends. Without a kind it lists them.',
      )
      .argument('[kind]', 'the kind that the alert names, such as usage-anomaly')
      .option('--json', 'print JSON for machines; errors are lines of JSON on standard error')
      .action((kind: string | undefined, flags: Flags) => run(kind, flags, io));
  },
};

async function run(wanted: string | undefined, flags: Flags, io: CliIo): Promise<void> {
  if (wanted === undefined) {
    const all = incidentKinds.map(pageOf);
    if (flags.json === true) json(all, io);
    else
      await table(
        ['KIND', 'WHAT'],
        all.map(({ kind, title }) => [kind, title]),
        io,
      );
    return;
  }
  const kind = incidentKinds.find((each) => each === wanted);
  if (kind === undefined) return io.fail(`there is no run-book ${wanted}`, 'npx --no-install keyguard runbook lists them', 2);
  const page = pageOf(kind);
  if (flags.json === true) json(page, io);
  else line(page.text.trimEnd(), io);
}

interface Page {
  readonly kind: IncidentKind;
  readonly title: string;
  readonly text: string;
}

function pageOf(kind: IncidentKind): Page {
  const text = withCommands(readFileSync(new URL(`../../docs/runbooks/${kind}.md`, import.meta.url), 'utf8'));
  return { kind, title: /^# .*?: (.+)$/m.exec(text)?.[1] ?? '', text };
}

/** A link leads nowhere in a terminal: another run-book is a command, another page is a file of this project. */
function withCommands(markdown: string): string {
  return markdown
    .replace(
      /\[([^\]]+)\]\(([a-z-]+)\.md\)/g,
      (_link, words: string, kind: string) => `${words} (\`npx --no-install keyguard runbook ${kind}\`)`,
    )
    .replace(/\[([^\]]+)\]\(\.\.\/([a-z-]+\.md)[^)]*\)/g, (_link, words: string, file: string) => `${words} (docs/${file})`);
}
