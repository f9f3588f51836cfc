import { secretIn, type SecretShape } from '../../contract/secret-shapes.ts';
import { pathText } from './json.ts';
import type { Problem } from './problem.ts';

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

function problemAt(path: readonly PropertyKey[], { what, takenBy }: SecretShape): Problem {
  const fix =
    takenBy === undefined
      ? 'Take it out.'
      : `It belongs in Secrets Manager: after the deployment run "${takenBy}" and paste it at the hidden prompt.`;
  return {
    path: pathText(path),
    problem: `holds a secret (${what}), which must never stand in a file`,
    fix: `${fix} If this file was ever shared or committed, replace the secret itself too.`,
  };
}
