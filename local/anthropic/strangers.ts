import type { StrangerAnswer } from './intercept.ts';

/** What answers on the way to Anthropic in real networks: pages of proxies and firewalls, and refusals of Anthropic's own edge. */

const page = (status: number, title: string): StrangerAnswer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><html><head><title>${title}</title></head><body>${title}</body></html>`,
});

const refusal = (status: number, body: object): StrangerAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

export const strangers = {
  blockPage: page(200, 'This page is blocked by your administrator'),
  signInPage: page(401, 'Sign in to the network'),
  forbiddenPage: page(403, 'Edge IP Restricted'),
  notFoundPage: page(404, 'Not Found'),
  redirect: { status: 302, headers: { location: 'https://login.example.com/portal?from=here' }, body: '' },
  emptyBody: { status: 200, headers: { 'content-type': 'application/json' }, body: '' },
  cutJson: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"data":[{"type":"mod' },
  foreignJson401: refusal(401, { message: 'No API key found in request' }),
  foreignJson404: refusal(404, { message: 'no Route matched with those values' }),
  otherRegion: refusal(403, { error: { type: 'forbidden', message: 'Request not allowed' } }),
  outsideTheAllowList: refusal(403, {
    type: 'error',
    error: { type: 'permission_error', message: "Your IP address isn't in this organization's allowed range." },
  }),
  onHold: refusal(400, {
    type: 'error',
    error: { type: 'invalid_request_error', message: 'This organization is on hold', details: { error_code: 'organization_on_hold' } },
  }),
} as const satisfies Readonly<Record<string, StrangerAnswer>>;
