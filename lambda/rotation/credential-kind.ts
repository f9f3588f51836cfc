import type { Secret } from '../foundation/secret.ts';

/**
 * What a pasted value is, by its beginning (platform.claude.com/docs/en/manage-claude/admin-api-keys); undefined for what nobody knows.
 * The first that fits counts.
 */
export function credentialKind(value: Secret): string | undefined {
  return kinds.find(([shape]) => value.matches(shape))?.[1];
}

export const adminKeyStart = /^sk-ant-admin/;

const kinds: readonly (readonly [RegExp, string])[] = [
  [/^sk-ant-\S*\.\.\./, 'the hint of a key as the Console shows it, not its value'],
  [adminKeyStart, 'an Admin API key, which can manage the whole organization'],
  [/^sk-ant-oat/, 'an OAuth access token, which ends within hours'],
  [/^sk-ant-ort/, 'an OAuth refresh token'],
  [/^sk-ant-sid/, 'the session of a browser'],
  [/^sk-ant-api01-/, 'a Compliance or scoped Admin key of Claude Enterprise'],
  [/^sk-ant-api/, 'a Claude API key'],
  [/^apikey_/, 'the id of a key, not its value'],
  [/^(AKIA|ASIA)[A-Z0-9]{16}$/, 'the id of an AWS access key'],
  [/^https?:\/\//, 'an address'],
  [/^eyJ[\w-]+\.[\w-]+\./, 'a JSON web token'],
  [/^sk-(?!ant-)/, 'a key of another provider'],
];
