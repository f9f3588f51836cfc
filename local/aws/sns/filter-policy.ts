import { invalidParameter } from './topics.ts';

/** Message attributes as a filter sees them. */
type FilterableAttributes = Readonly<Record<string, { readonly DataType: string; readonly StringValue?: string | undefined }>>;

type Rule = (values: readonly string[]) => boolean;
/** All attributes must match, each by any of its rules. */
export type FilterPolicy = (attributes: FilterableAttributes) => boolean;

/**
 * Reads a FilterPolicy on message attributes: exact values, `prefix`, `anything-but`, `exists`. What it cannot read it
 * refuses by name. Grammar: docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 */
export function parseFilterPolicy(json: string): FilterPolicy {
  let policy: unknown;
  try {
    policy = JSON.parse(json);
  } catch {
    throw invalidParameter('FilterPolicy: failed to parse JSON.');
  }
  if (typeof policy !== 'object' || policy === null || Array.isArray(policy)) throw invalidParameter('FilterPolicy: must be a JSON object');
  const rules = Object.entries(policy).map(([name, list]: [string, unknown]): [string, readonly Rule[]] => {
    if (!Array.isArray(list)) throw invalidParameter(`FilterPolicy: "${name}" must be an object or an array`);
    return [name, list.map((rule: unknown) => ruleOf(name, rule))];
  });
  return (attributes) => rules.every(([name, any]) => any.some((rule) => rule(valuesOf(attributes[name]))));
}

function ruleOf(name: string, rule: unknown): Rule {
  if (typeof rule === 'string' || typeof rule === 'number' || typeof rule === 'boolean') return (values) => values.includes(String(rule));
  if (typeof rule === 'object' && rule !== null) {
    const [operator, argument] = Object.entries(rule)[0] ?? [];
    if (operator === 'prefix' && typeof argument === 'string') return (values) => values.some((value) => value.startsWith(argument));
    if (operator === 'exists' && typeof argument === 'boolean') return (values) => values.length > 0 === argument;
    if (operator === 'anything-but') {
      const refused = (Array.isArray(argument) ? argument : [argument]).map(String);
      return (values) => values.length > 0 && values.some((value) => !refused.includes(value));
    }
  }
  throw invalidParameter(`FilterPolicy: the local AWS cannot match "${name}" against ${JSON.stringify(rule)}`);
}

function valuesOf(attribute: FilterableAttributes[string] | undefined): readonly string[] {
  if (attribute?.StringValue === undefined) return [];
  if (attribute.DataType !== 'String.Array') return [attribute.StringValue];
  const list: unknown = JSON.parse(attribute.StringValue);
  return Array.isArray(list) ? list.map(String) : [];
}
