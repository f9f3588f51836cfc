import { pathText } from './json.ts';
import type { Problem } from './problem.ts';

interface SecretPattern {
  readonly pattern: RegExp;
  readonly what: string;
  readonly fix: string;
}

const askedBy = (command: string): string =>
  `It belongs in Secrets Manager: after the deployment run "${command}" and paste it at the hidden prompt.`;

/** The first that matches names the secret; none is ever quoted. */
const patterns: readonly SecretPattern[] = [
  { pattern: /sk-ant-admin/i, what: 'an Admin API key', fix: askedBy('npx keyguard admin-key set') },
  {
    pattern: /sk-ant-/i,
    what: 'an Anthropic key or token',
    fix: askedBy('npx keyguard standby add NAME'),
  },
  { pattern: /hooks\.slack(-gov)?\.com/i, what: "Slack's webhook address", fix: askedBy('npx keyguard slack-webhook set') },
  { pattern: /:\/\/[^/\s@]*:[^/\s@]*@/, what: 'an address with a password in it', fix: 'Leave user and password out.' },
];

/** Every text in the tree, field names included, that looks like something secret. The problems quote nothing of it. */
export function findSecrets(value: unknown, path: readonly PropertyKey[] = []): readonly Problem[] {
  if (typeof value === 'string') {
    const secret = secretIn(value);
    return secret === undefined ? [] : [problemAt(path, secret)];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => findSecrets(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const secret = secretIn(name);
    return secret === undefined ? findSecrets(item, [...path, name]) : [problemAt([...path, '[secret]'], secret)];
  });
}

export function looksSecret(text: string): boolean {
  return secretIn(text) !== undefined;
}

function secretIn(text: string): SecretPattern | undefined {
  return patterns.find(({ pattern }) => pattern.test(text));
}

function problemAt(path: readonly PropertyKey[], secret: SecretPattern): Problem {
  return {
    path: pathText(path),
    problem: `holds a secret (${secret.what}), which must never stand in a file`,
    fix: `${secret.fix} If this file was ever shared or committed, replace the secret itself too.`,
  };
}
