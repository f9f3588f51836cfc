import type { Middleware } from '@anthropic-ai/sdk/client';
import { KeyguardError, Unavailable } from '../../foundation/errors.ts';
import { proxyText } from '../proxy.ts';
import { fieldOf, textOf } from './shape.ts';

/** The SDK's own time-out ends with the head of an answer; a body that trickles must not hold a run for ever. */
const bodyTimeoutMs = 20_000;

/** What came back, as far as it says who answered. */
interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  /** Where a redirect leads. */
  readonly location: string | null;
  readonly body: string;
}

/**
 * Why an answer is not one of Anthropic's own, in plain words; undefined where it is. Anthropic answers JSON: an object, or an error
 * `{"type":"error","error":{"type":…}}` (platform.claude.com/docs/en/api/errors). A proxy, a firewall or a sign-in page may answer
 * anything, with any status. Trouble that passes by itself (408, 429, 5xx) is nobody's verdict, whoever says it.
 */
function foreignBecause({ status, contentType, location, body }: Answer): string | undefined {
  if (status === 408 || status === 429 || status >= 500) return undefined;
  if (status >= 300 && status < 400) return `a redirect (${status}) to ${hostOf(location)}`;
  const mediaType = contentType?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') return `${status} with a page of type ${plainType(mediaType)}`;
  const parsed = jsonOf(body);
  if (!(parsed instanceof Object) || Array.isArray(parsed))
    return `${status} with ${body === '' ? 'an empty body' : 'a body that is no JSON object, or was cut'}`;
  if (status < 300) return fieldOf(parsed, 'type') === 'error' ? `${status} with an error in it` : undefined;
  return errorTypeOf(parsed) === undefined ? `${status} with JSON that is not Anthropic's` : undefined;
}

/** The type of an error, where the body has the shape of Anthropic's errors, or of those of its edge, which refuses whole networks. */
function errorTypeOf(parsed: unknown): string | undefined {
  const type = textOf(fieldOf(parsed, 'error'), 'type');
  return fieldOf(parsed, 'type') === 'error' || type === 'forbidden' ? type : undefined;
}

/** Lets no answer through to the SDK that is not Anthropic's own. Throws KeyguardError `foreign-answer`; it is not retried. */
export const onlyOwnAnswers: Middleware = async (request, next) => {
  const response = await next(request);
  const body = await textOfBody(response);
  const { status, headers } = response;
  const foreign = foreignBecause({ status, contentType: headers.get('content-type'), location: headers.get('location'), body });
  if (foreign !== undefined) throw foreignAnswer(foreign, request.url);
  return new Response(body, { status, statusText: response.statusText, headers });
};

async function textOfBody(response: Response): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Unavailable('reading the answer', `it has not ended after ${bodyTimeoutMs / 1000} s`)),
      bodyTimeoutMs,
    );
  });
  try {
    return await Promise.race([response.text(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function foreignAnswer(what: string, url: string): KeyguardError {
  const host = hostOf(url);
  const why = `${what}${proxyText(url)}`;
  return new KeyguardError(
    'foreign-answer',
    `the answer for ${host} is not Anthropic's own: ${why}`,
    `nothing was changed; look for a proxy, a firewall or a sign-in page on the way to ${host}, and let these requests pass`,
  );
}

/** No more of an address than its host: the rest may hold anything. */
function hostOf(url: string | null): string {
  return url !== null && URL.canParse(url) ? new URL(url).host : 'an address without a host';
}

function plainType(mediaType: string | undefined): string {
  return mediaType !== undefined && /^[a-z0-9.+/-]{1,60}$/.test(mediaType) ? mediaType : 'unknown';
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
