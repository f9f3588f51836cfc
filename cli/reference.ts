import type { Command as Program } from 'commander';

/** docs/reference/cli.md, drawn from the commands themselves: a test fails when the file is stale. */
export function cliReference(program: Program): string {
  return [
    '# Command line',
    '',
    '<!-- Generated from cli/commands/; to write it anew: npx vitest run test/cli -u -->',
    '',
    'Exit codes: 0 done, 1 failed, 2 wrong usage. What was asked for is printed on standard output; progress, questions and errors on',
    'standard error, errors with what happened and the next step. With `--json` both are JSON; instants are ISO 8601 UTC.',
    '',
    'Values of keys and webhook addresses come from standard input or a hidden prompt: an argument that looks like one is refused.',
    'Account, Region and credentials are those of the AWS environment (`AWS_PROFILE`, `AWS_REGION`); the installation is the one that',
    '`keyguard.json` names. `NO_COLOR` is honoured, and there are no colours in a pipe.',
    ...program.commands.flatMap(sections),
    '',
  ].join('\n');
}

function sections(command: Program): readonly string[] {
  if (command.commands.length > 0) return command.commands.flatMap(sections);
  return ['', `## ${fullName(command)}`, '', '```text', command.helpInformation().trimEnd(), '```'];
}

function fullName(command: Program): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}
