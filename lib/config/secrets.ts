import { pathText } from './json.ts';
import type { Problem } from './problem.ts';

interface SecretPattern {
  readonly pattern: RegExp;
  readonly what: string;
  readonly fix: string;
}

const pasteInto = (output: string): string =>
  `It belongs in Secrets Manager: after the deployment run "aws secretsmanager put-secret-value --secret-id <the output ${output}> --secret-string file:///dev/stdin", paste it, and end with Ctrl-D.`;

/** The first that matches names the secret; none is ever quoted. */
const patterns: readonly SecretPattern[] = [
  { pattern: /sk-ant-admin/i, what: 'an Admin API key', fix: pasteInto('AdminKeySecretArn') },
  {
    pattern: /sk-ant-/i,
    what: 'an Anthropic key or token',
    fix: 'It belongs in Secrets Manager: after the deployment run "npx keyguard standby add NAME" and paste it at the hidden prompt.',
  },
  { pattern: /hooks\.slack\.com/i, what: "Slack's webhook address", fix: pasteInto('SlackWebhookSecretArn') },
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
