import { AwsError } from './service.ts';

/** One page of a list. Tokens are opaque to callers: the offset, encoded. Throws InvalidNextTokenException. */
export function page<T>(
  list: readonly T[],
  size: number,
  token: string | undefined,
  invalidToken = 'InvalidNextTokenException',
): { readonly items: readonly T[]; readonly nextToken: string | undefined } {
  const start = token === undefined ? 0 : Number(Buffer.from(token, 'base64url').toString('utf8'));
  if (!Number.isInteger(start) || start < 0) throw new AwsError(invalidToken, 'The next token is invalid.');
  const end = start + size;
  return {
    items: list.slice(start, end),
    nextToken: end < list.length ? Buffer.from(String(end)).toString('base64url') : undefined,
  };
}
