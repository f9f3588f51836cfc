import { expect, test } from 'vitest';
import { drawFrom } from '../../../local/anthropic/draw.ts';
import { AUDIENCE, ROLE, anIssuer } from './issuer.ts';
import { aPlatform, traffic } from './platform.ts';

test('values have the real shape, say that they are fake, and repeat with the seed', () => {
  const value = drawFrom(7).credential('sk-ant-api03-');
  expect(value).toMatch(/^sk-ant-api03-[A-Za-z0-9_-]{93}AA$/);
  expect(value).toContain('FAKE');
  expect(drawFrom(7).credential('sk-ant-api03-')).toBe(value);
  expect(drawFrom(8).credential('sk-ant-api03-')).not.toBe(value);
});

test('no value of any credential is ever in a log, an inspection, a hook, an answer or an error', async () => {
  const platform = await aPlatform();
  const issuer = await anIssuer();
  const seen: unknown[] = [];
  platform.intercept.onCall((call) => void seen.push(call));
  const version = { 'anthropic-version': '2026-10-21' };
  const secrets = [platform.key.value, platform.adminKey.value];
  const account = platform.console.createServiceAccount({ name: 'guard' });
  const { id: issuerId } = platform.console.registerIssuer({ issuerUrl: issuer.url });
  const rule = platform.console.createFederationRule({
    issuerId,
    serviceAccountId: account.id,
    oauthScope: 'workspace:inference',
    subjectPrefix: ROLE,
    audience: AUDIENCE,
  });
  const assertion = await issuer.sign(platform.clock.now());
  const exchange = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion,
    federation_rule_id: rule.id,
    organization_id: platform.organization.id,
  };
  const granted = await platform.call('/v1/oauth/token', { method: 'POST', body: JSON.stringify(exchange) });
  const token = /"access_token":"([^"]+)"/.exec(JSON.stringify(granted.body))?.[1] ?? '';
  expect(token).toMatch(/^sk-ant-oat01-/);
  secrets.push(token, assertion);

  for (const value of secrets) {
    const headers = { ...version, authorization: `Bearer ${value}` };
    const paths = [
      '/v1/models',
      `/v1/models/${value}`,
      `/v1/organizations/api_keys/${value}`,
      `/v1/organizations/api_keys?after_id=${value}&status=${value}`,
      `/${value}`,
    ];
    for (const path of paths) seen.push(await platform.call(path, { headers }));
    seen.push(await platform.call('/v1/organizations/api_keys', { headers }));
    for (const body of [
      `{"model":"${value}","max_tokens":1,"messages":[{"role":"user","content":"x"}]}`,
      `{"model":"claude-opus-5-5","messages":"${value}"}`,
      value,
    ]) {
      seen.push(await platform.call('/v1/messages', { method: 'POST', headers, body }));
    }
    seen.push(
      await platform.call('/v1/oauth/token', {
        method: 'POST',
        body: JSON.stringify({ ...exchange, assertion: value, federation_rule_id: rule.id }),
      }),
    );
    seen.push(await platform.call('/v1/oauth/token', { method: 'POST', body: JSON.stringify({ ...exchange, workspace_id: value }) }));
    seen.push(platform.use(value, traffic({ model: value })));
  }
  seen.push(platform.intercept.calls, platform.inspect.keys(), platform.inspect.exchanges(), platform.inspect.unknownCredential());
  seen.push(platform.inspect.usage(platform.organization.id, 0, Infinity), platform.organization);
  expect(seen.length).toBeGreaterThan(80);
  const everything = JSON.stringify(seen);
  for (const value of secrets) {
    expect(everything).not.toContain(value);
    // Not even the part that a hint leaves out.
    expect(everything).not.toContain(value.slice(20, 60));
  }
});
