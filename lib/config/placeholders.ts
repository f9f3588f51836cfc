import { pathText } from './json.ts';
import type { Problem } from './problem.ts';

/** The installation that is made from the example as it stands: no real one may bear its name. */
export const exampleInstallation = 'keyguard-example';

const placeholders: readonly { readonly pattern: RegExp; readonly fix: string }[] = [
  { pattern: new RegExp(`^${exampleInstallation}$`), fix: 'Give your installation a name of its own, such as keyguard.' },
  {
    pattern: /^(?:0{8}-(?:[0-9a-f]{4}-){3}0{12}|([0-9a-f])\1{7}(?:-\1{4}){3}-\1{12}|12345678-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/i,
    fix: 'Copy yours from the Claude Console: Settings → Organization.',
  },
  {
    pattern: /^(?:wrkspc|fdrl|svac)_(?:(?:0*1?)?example|x+$|your|my|change|replace|todo|placeholder)/i,
    fix: 'Copy yours from the Claude Console.',
  },
  {
    // Accounts of AWS's own documentation, and names that say to be replaced.
    pattern: /^arn:[^:]*:[^:]*:[^:]*:(?:111122223333|444455556666):|^arn:.*\/your[-_]/i,
    fix: 'Give an ARN of your own account; of a role this prints it: aws iam get-role --role-name NAME --query Role.Arn --output text',
  },
  // Nobody receives mail or answers there: RFC 2606; or it says itself that it is to be replaced.
  {
    pattern:
      /(?:^|[@./])(?:example\.[a-z]{2,}(?:\.[a-z]{2})?|[\w-]+\.(?:example|invalid|test)|(?:your-?(?:company|domain|organi[sz]ation|org|team)|my-?(?:company|domain))\.[a-z.]+)(?:[:/?#]|$)/i,
    fix: 'Give an address of your own: nobody receives anything there.',
  },
];

/** Every text in the tree that stands in the example for something of yours. Descriptions are for people, and may say anything. */
export function findPlaceholders(value: unknown, path: readonly PropertyKey[] = []): readonly Problem[] {
  if (typeof value === 'string') {
    const found = placeholders.find(({ pattern }) => pattern.test(value));
    if (found === undefined) return [];
    return [{ path: pathText(path), value: JSON.stringify(value), problem: 'is a placeholder of the example', fix: found.fix }];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => findPlaceholders(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    ['$schema', 'description'].includes(name) ? [] : findPlaceholders(item, [...path, name]),
  );
}
