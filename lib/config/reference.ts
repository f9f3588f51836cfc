import { maximumAgeStatement } from './across-fields.ts';
import { configurationJsonSchema, configurationSchema } from './schema.ts';

interface Row {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly description: string;
}

/** docs/reference/configuration.md, drawn from the schema: a test fails when the file is stale. */
export function configurationReference(example: unknown): string {
  const { managedKeys } = configurationSchema.parse(example);
  return [
    '# Configuration',
    '',
    '<!-- Generated from lib/config/schema.ts; to write it anew: npx vitest run test/lib/config -u -->',
    '',
    'One file, `keyguard.json`, at the root of the project; `-c config=PATH` (cdk) and `--config PATH` (keyguard) name another. Where there is none, nothing is read: `cp keyguard.example.json keyguard.json` begins one. What the example holds in place of your own (organization, workspaces, addresses, the name `keyguard-example`) is refused in any other file. Lengths of time are a whole number with `s`, `m`, `h` or `d`.',
    '',
    'No value of a key, token or webhook address belongs in this file; one that looks like it is refused.',
    '',
    '| field | what may stand there | default | meaning |',
    '|---|---|---|---|',
    ...rowsOf(configurationJsonSchema(), '', 'required').map(rowText),
    '',
    '## How old a key can get',
    '',
    'The interval and the grace add up, and so do a schedule by calendar month (31 days at most) or quarter (92) and the window. For the managed keys of `keyguard.example.json`:',
    '',
    ...managedKeys.map(
      ({ name, rotation }) =>
        `- \`${name}\`, every ${rotation.every}, grace up to ${rotation.maximumGrace}: ${maximumAgeStatement(rotation)}.`,
    ),
    '',
  ].join('\n');
}

function rowsOf(schema: Record<string, unknown>, path: string, fallback: string): readonly Row[] {
  const row = { path, type: typeText(schema), fallback, description: typeof schema.description === 'string' ? schema.description : '' };
  return [...(path === '' ? [] : [row]), ...childRows(schema, path)];
}

function childRows(schema: Record<string, unknown>, path: string): readonly Row[] {
  if (schema.type === 'array') return childRows(recordOf(schema.items), `${path}[]`);
  if (Array.isArray(schema.oneOf)) return schema.oneOf.flatMap((choice) => childRows(recordOf(choice), path));
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(recordOf(schema.properties)).flatMap(([name, property]) => {
    const child = recordOf(property);
    const fallback = 'default' in child ? JSON.stringify(child.default) : required.includes(name) ? 'required' : 'left out';
    return rowsOf(child, path === '' ? name : `${path}.${name}`, fallback);
  });
}

function typeText(schema: Record<string, unknown>): string {
  if ('const' in schema) return `\`${JSON.stringify(schema.const)}\``;
  if (Array.isArray(schema.enum)) return schema.enum.map((choice) => `\`${JSON.stringify(choice)}\``).join(', ');
  if (Array.isArray(schema.oneOf)) return 'one of the kinds below';
  if (schema.type === 'array') return `list of ${typeText(recordOf(schema.items))}`;
  return typeof schema.type === 'string' ? schema.type : 'anything';
}

function rowText(row: Row): string {
  const fallback = row.fallback === '{}' ? 'see its fields' : row.fallback;
  return `| \`${row.path}\` | ${row.type} | ${fallback.startsWith('"') || /^\d/.test(fallback) ? `\`${fallback}\`` : fallback} | ${row.description.replaceAll('|', '\\|')} |`;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
