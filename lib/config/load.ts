import { existsSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import type { HeartbeatDefinition } from '../../contract/heartbeat.ts';
import { readText } from './file.ts';
import { homeRegionProblems, problemsAtHome } from './home-region.ts';
import { JsonSyntaxError, parseJson } from './json.ts';
import { problemsOf } from './explain.ts';
import { nameProblems } from './names.ts';
import { exampleInstallation, findPlaceholders } from './placeholders.ts';
import { describeProblem } from './problem.ts';
import type { Problem } from './problem.ts';
import { configurationSchema, heartbeatSchema, managedKeySchema } from './schema.ts';
import type { Configuration, ManagedKeyConfiguration, ManagedKeyInput } from './schema.ts';
import { findSecrets } from './secrets.ts';

const configurationFile = 'keyguard.json';
const exampleFile = 'keyguard.example.json';

/** Everything that is wrong with the configuration, at once. Its message is ready for a terminal and holds no secret. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'configuration-invalid';
  readonly problems: readonly Problem[];
  /** `missing`: nobody has said yet what is to be deployed. */
  readonly kind: 'wrong' | 'missing';
  constructor(file: string, problems: readonly Problem[], kind: 'wrong' | 'missing' = 'wrong') {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    super([`${file} has ${count}:`, ...problems.map(describeProblem)].join('\n'));
    this.problems = problems;
    this.kind = kind;
  }
}

export interface LoadedConfiguration {
  readonly configuration: Configuration;
  /** The file that was read, absolute. */
  readonly file: string;
}

export interface LoadOptions {
  /** What `-c config=…` or `--config` gave: relative to the working directory. @default keyguard.json */
  readonly path?: string | undefined;
  /** The Region of the deployment, where it is known: replicas are checked against it. */
  readonly homeRegion?: string | undefined;
}

/**
 * Reads the file that was asked for, or `keyguard.json` of the working directory, and no other: a deployment of the example
 * in place of somebody's own file would remove that one's keys.
 *
 * @throws ConfigurationError with every problem found.
 */
export function loadConfiguration({ path: asked, homeRegion }: LoadOptions): LoadedConfiguration {
  const path = asked ?? configurationFile;
  const file = resolve(path);
  if (!existsSync(file)) {
    const example = relative('.', join(import.meta.dirname, '..', '..', exampleFile));
    const fix =
      `Run this, and put your own names in: cp ${example} ${path}\n` +
      '    If yours lies elsewhere, name it with -c config=PATH (cdk) or --config PATH (keyguard).';
    throw new ConfigurationError(path, [{ path: '', problem: 'does not exist', fix }], asked === undefined ? 'missing' : 'wrong');
  }
  const read = readText(file);
  if (!('text' in read)) throw new ConfigurationError(path, [read]);
  return { configuration: parseConfiguration(read.text, path, homeRegion, (value) => placeholdersIn(value, file)), file };
}

/**
 * Checks a configuration's text; `file` is only named in errors. `alsoFind`: further problems, such as a file's.
 *
 * @throws ConfigurationError with every problem found.
 */
export function parseConfiguration(
  text: string,
  file: string,
  homeRegion?: string,
  alsoFind: (value: unknown) => readonly Problem[] = () => [],
): Configuration {
  const { value, positions } = readJson(text, file);
  const secrets = findSecrets(value);
  const result = configurationSchema.safeParse(value);
  const problems = result.error?.issues.flatMap((issue) => problemsOf(issue, value)) ?? [];
  // What is secret is said once, as that, and never quoted.
  const secretPaths = new Set(secrets.map(({ path }) => path));
  const all = [
    ...secrets,
    ...[...problems, ...alsoFind(value)].filter(({ path }) => !secretPaths.has(path)),
    ...(result.success && homeRegion !== undefined ? problemsAtHome(result.data, homeRegion) : []),
  ];
  if (result.success && all.length === 0) return result.data;
  const placed = all.map((problem) => {
    const position = positions.get(problem.path);
    return position === undefined ? problem : { ...problem, position };
  });
  throw new ConfigurationError(file, placed);
}

interface Surroundings {
  /** Names it in errors. */
  readonly where: string;
  /** Names of the installation's managed keys so far. */
  readonly taken: readonly string[];
  readonly homeRegion: string | undefined;
}

/**
 * The same checks for one managed key that a program describes.
 *
 * @throws ConfigurationError with every problem found.
 */
export function checkedManagedKey(input: ManagedKeyInput, { where, taken, homeRegion }: Surroundings): ManagedKeyConfiguration {
  const root = { managedKeys: [input] };
  const result = managedKeySchema.safeParse(input);
  const problems = result.error?.issues.flatMap((issue) => problemsOf({ ...issue, path: ['managedKeys', 0, ...issue.path] }, root)) ?? [];
  const named = nameProblems([...taken, input.name])
    .filter(({ index }) => index === taken.length)
    .map(({ problem, fix }) => ({ path: 'name', value: JSON.stringify(input.name), problem, fix }));
  const placed = result.success && homeRegion !== undefined ? homeRegionProblems([result.data], homeRegion) : [];
  const all = [...findSecrets(root), ...problems, ...named, ...placed].map((problem) => ({
    ...problem,
    path: problem.path.replace('managedKeys[0].', ''),
  }));
  if (result.success && all.length === 0) return result.data;
  throw new ConfigurationError(where, all);
}

/**
 * And for a heartbeat.
 *
 * @throws ConfigurationError with every problem found.
 */
export function checkedHeartbeat(input: HeartbeatDefinition, where: string): HeartbeatDefinition {
  const result = heartbeatSchema.safeParse(input);
  if (result.success) return result.data;
  const path = ['usage', 'heartbeat'];
  const root = { usage: { heartbeat: input } };
  const problems = result.error.issues.flatMap((issue) => problemsOf({ ...issue, path: [...path, ...issue.path] }, root));
  throw new ConfigurationError(
    where,
    problems.map((problem) => ({ ...problem, path: problem.path.replace('usage.heartbeat.', '') })),
  );
}

/** Only the example itself may hold what must be replaced, and only under a name that no real installation bears. */
function placeholdersIn(value: unknown, file: string): readonly Problem[] {
  const installation: unknown = value instanceof Object ? Reflect.get(value, 'installation') : undefined;
  return basename(file) === exampleFile && installation === exampleInstallation ? [] : findPlaceholders(value);
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
