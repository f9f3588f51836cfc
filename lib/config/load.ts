import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readText } from './file.ts';
import { homeRegionProblems } from './home-region.ts';
import { JsonSyntaxError, parseJson } from './json.ts';
import { problemsOf } from './explain.ts';
import { describeProblem } from './problem.ts';
import type { Problem } from './problem.ts';
import { configurationSchema, managedKeySchema } from './schema.ts';
import type { Configuration, ManagedKeyConfiguration, ManagedKeyInput } from './schema.ts';
import { findSecrets } from './secrets.ts';

const configurationFile = 'keyguard.json';
const exampleFile = 'keyguard.example.json';

/** Everything that is wrong with the configuration, at once. Its message is ready for a terminal and holds no secret. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'configuration-invalid';
  readonly problems: readonly Problem[];
  constructor(file: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    super([`${file} has ${count}:`, ...problems.map(describeProblem)].join('\n'));
    this.problems = problems;
  }
}

export interface LoadedConfiguration {
  readonly configuration: Configuration;
  /** The file that was read, absolute. */
  readonly file: string;
  /** A line for people, where the example stands in for a missing `keyguard.json`. */
  readonly notice?: string;
}

export interface LoadOptions {
  /** The project's root. */
  readonly root: string;
  /** What `-c config=…` or `--config` gave: relative to the working directory. Then nothing else is tried. */
  readonly path?: string | undefined;
  /** The Region of the deployment, where it is known: replicas are checked against it. */
  readonly homeRegion?: string | undefined;
}

/**
 * Reads `keyguard.json`, or the file that was asked for, or, where there is none, the example.
 *
 * @throws ConfigurationError with every problem found.
 */
export function loadConfiguration(options: LoadOptions): LoadedConfiguration {
  const { homeRegion } = options;
  if (options.path !== undefined)
    return { configuration: read(resolve(options.path), options.path, homeRegion), file: resolve(options.path) };
  const own = join(options.root, configurationFile);
  if (existsSync(own)) return { configuration: read(own, configurationFile, homeRegion), file: own };
  const example = join(options.root, exampleFile);
  const notice = `There is no ${configurationFile}: using ${exampleFile}. Copy it to ${configurationFile} and put your own names in.`;
  return { configuration: read(example, exampleFile, homeRegion), file: example, notice };
}

/**
 * Checks a configuration's text; `file` is only named in errors.
 *
 * @throws ConfigurationError with every problem found.
 */
export function parseConfiguration(text: string, file: string, homeRegion?: string): Configuration {
  const { value, positions } = readJson(text, file);
  const secrets = findSecrets(value);
  const result = configurationSchema.safeParse(value);
  const problems = result.error?.issues.flatMap((issue) => problemsOf(issue, value)) ?? [];
  // What is secret is said once, as that, and never quoted.
  const secretPaths = new Set(secrets.map(({ path }) => path));
  const all = [
    ...secrets,
    ...problems.filter(({ path }) => !secretPaths.has(path)),
    ...(result.success && homeRegion !== undefined ? homeRegionProblems(result.data, homeRegion) : []),
  ];
  if (result.success && all.length === 0) return result.data;
  const placed = all.map((problem) => {
    const position = positions.get(problem.path);
    return position === undefined ? problem : { ...problem, position };
  });
  throw new ConfigurationError(file, placed);
}

/**
 * The same checks for one managed key that a program describes; `where` names it in errors.
 *
 * @throws ConfigurationError with every problem found.
 */
export function checkedManagedKey(input: ManagedKeyInput, where: string): ManagedKeyConfiguration {
  const root = { managedKeys: [input] };
  const result = managedKeySchema.safeParse(input);
  const problems = result.error?.issues.flatMap((issue) => problemsOf({ ...issue, path: ['managedKeys', 0, ...issue.path] }, root)) ?? [];
  const all = [...findSecrets(root), ...problems].map((problem) => ({ ...problem, path: problem.path.replace('managedKeys[0].', '') }));
  if (result.success && all.length === 0) return result.data;
  throw new ConfigurationError(where, all);
}

function read(file: string, shownAs: string, homeRegion: string | undefined): Configuration {
  const read = readText(file);
  if (!('text' in read)) throw new ConfigurationError(shownAs, [read]);
  return parseConfiguration(read.text, shownAs, homeRegion);
}

function readJson(text: string, file: string): ReturnType<typeof parseJson> {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new ConfigurationError(file, [
      { path: '', position: error.position, problem: `is not JSON: ${error.message}`, fix: 'Mend it there, and try again.' },
    ]);
  }
}
