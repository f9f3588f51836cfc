import type { CallPoint, Fault, OwnAnswer, StrangerAnswer } from '../../local/anthropic/intercept.ts';
import { strangers } from '../../local/anthropic/strangers.ts';

/**
 * Answers that are whole and wrong. `proxy-page` (403), `block-page` (200) and `sign-in` (401): somebody on the way answers with a page,
 * and nothing has an effect; `masked`: the effect, and then such a page. `other-organization`: as the platform answers where the
 * credential leads to another one. `cut-list`: half of a list, which does not say how it goes on; `empty-list`: none of it.
 */
export const wrongAnswers = ['proxy-page', 'block-page', 'sign-in', 'masked', 'other-organization', 'cut-list', 'empty-list'] as const;
export type WrongAnswer = (typeof wrongAnswers)[number];

type Asked = Pick<CallPoint, 'method' | 'route'>;

const otherOrganization = '99999999-9999-4999-8999-999999999999';
const keyList = '/v1/organizations/api_keys';
const lists: readonly string[] = [keyList, '/v1/organizations/usage_report/messages'];
const pages: Readonly<Partial<Record<WrongAnswer, StrangerAnswer>>> = {
  'proxy-page': strangers.forbiddenPage,
  'block-page': strangers.blockPage,
  'sign-in': strangers.signInPage,
};

/** Whether a call at Anthropic can be answered so. */
export function canBeAnswered(wrong: WrongAnswer, { method, route }: Asked): boolean {
  if (wrong === 'masked') return method !== 'GET';
  return wrong === 'cut-list' || wrong === 'empty-list' ? lists.includes(route) : true;
}

/** Whether it can be answered so once. That one key is unknown is then the platform's own word, which nobody can tell from the truth. */
export function canComeOnce(wrong: WrongAnswer, call: Asked): boolean {
  return canBeAnswered(wrong, call) && !(wrong === 'other-organization' && call.route.startsWith(`${keyList}/`));
}

/** What the call meets in this phase instead of its own answer. */
export function wrongAnswer(wrong: WrongAnswer, call: Asked, phase: CallPoint['phase']): Fault | undefined {
  if (!canBeAnswered(wrong, call)) return undefined;
  const page = pages[wrong];
  if (page !== undefined) return phase === 'before' ? { kind: 'stranger', answer: page } : undefined;
  if (wrong === 'other-organization') return elsewhere(call, phase);
  if (phase === 'before') return undefined;
  if (wrong === 'masked') return { kind: 'stranger', answer: strangers.blockPage };
  return altered((body) =>
    wrong === 'empty-list'
      ? { ...body, data: [], has_more: false, next_page: null, first_id: null, last_id: null }
      : { ...body, data: halfOf(body['data']), has_more: true, next_page: null, last_id: null },
  );
}

/** Another organization has keys and usage of its own, and knows none of our keys. */
function elsewhere({ route }: Asked, phase: CallPoint['phase']): Fault | undefined {
  if (route.startsWith(`${keyList}/`)) {
    const body = JSON.stringify({ type: 'error', error: { type: 'not_found_error', message: 'API key not found' } });
    const answer = { status: 404, headers: { 'content-type': 'application/json' }, body };
    return phase === 'before' ? { kind: 'stranger', answer } : undefined;
  }
  if (phase === 'before') return undefined;
  if (route === keyList) return altered((body) => ({ ...body, data: theirs(body['data']), has_more: false, last_id: null }));
  if (lists.includes(route)) return altered((body) => ({ ...body, data: withoutRows(body['data']) }));
  if (route === '/v1/organizations/me') return altered((body) => ({ ...body, id: otherOrganization }));
  return {
    kind: 'altered',
    alter: (own) => (own.status === 200 ? { ...own, headers: { ...own.headers, 'anthropic-organization-id': otherOrganization } } : own),
  };
}

/** The platform's own answer with another body, where it has answered at all. */
function altered(change: (body: Readonly<Record<string, unknown>>) => object): Fault {
  const alter = (own: OwnAnswer): OwnAnswer => (own.status === 200 ? { ...own, body: change({ ...own.body }) } : own);
  return { kind: 'altered', alter };
}

function halfOf(data: unknown): readonly unknown[] {
  const all = objectsIn(data);
  return all.slice(0, Math.floor(all.length / 2));
}

function theirs(data: unknown): readonly object[] {
  return objectsIn(data)
    .slice(0, 1)
    .map((key) => ({ ...key, id: 'apikey_01OtherOrganizationsKey00000', status: 'active' }));
}

function withoutRows(data: unknown): readonly object[] {
  return objectsIn(data).map((bucket) => ({ ...bucket, results: [] }));
}

function objectsIn(data: unknown): readonly object[] {
  return Array.isArray(data) ? data.filter((each: unknown) => each instanceof Object) : [];
}
