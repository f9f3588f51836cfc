/**
 * What can be said of a failure: a stable code for machines, what happened to which thing, and the next step.
 * Never carries a foreign error object: an SDK's error can hold the response body, and here that may be a key.
 */
export class KeyguardError extends Error {
  override readonly name: string = 'KeyguardError';
  readonly code: string;
  /** What happened to which thing. @sentence */
  declare readonly message: string;
  /** The next step. @sentence */
  readonly fix: string;

  constructor(code: string, message: string, fix: string) {
    super(message);
    this.code = code;
    this.fix = fix;
  }
}

/** Somebody else changed the record first: read it again and decide anew. */
export class LostRace extends KeyguardError {
  override readonly name = 'LostRace';

  constructor(what: string) {
    super('lost-race', `${what} was changed by another run`, 'nothing: the next run decides on the new state');
  }
}

/** The platform could not answer now (throttled, 5xx, cut connection): the same call may succeed later. */
export class Unavailable extends KeyguardError {
  override readonly name = 'Unavailable';
  /** It asked not to be tried for so long; 0 where it did not say. */
  readonly patienceMs: number;

  constructor(operation: string, detail: string, patienceMs = 0) {
    super('unavailable', `${operation} did not succeed: ${detail}`, 'nothing: it is tried again; see the service health page if it lasts');
    this.patienceMs = patienceMs;
  }
}

/** AWS said no to one call. `reason`: AWS's name for it, such as `AccessDeniedException`; `detail`: what may be told of it. */
export class AwsRefused extends KeyguardError {
  override readonly name = 'AwsRefused';
  /** Such as `dynamodb:Query`. */
  readonly operation: string;
  readonly reason: string;

  constructor(operation: string, reason: string, detail = reason) {
    super('aws-refused', `${operation}: ${detail}`, 'check the permissions of the function and the resource');
    this.operation = operation;
    this.reason = reason;
  }
}

/** Name, code (such as ECONNREFUSED), status and request id of a foreign error, and nothing else of it. */
export function briefly(error: unknown): string {
  if (error instanceof KeyguardError) return `${error.code}: ${error.message}`;
  if (!(error instanceof Error)) return 'unknown error';
  const status = text(Reflect.get(error, 'status'));
  const metadata: unknown = Reflect.get(error, '$metadata');
  const requestId =
    text(Reflect.get(error, 'requestID')) ?? (metadata instanceof Object ? text(Reflect.get(metadata, 'requestId')) : undefined);
  return [error.name, codeOf(error), status, requestId].filter((part) => part !== undefined).join(' ');
}

/** OpenSSL's words for a certificate that is not believed, as of a proxy that opens TLS: they do not begin with E. */
const certificateCodes = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Node's word for what went wrong with a connection or a file. An SDK wraps it; anything else in its place may be a value. */
function codeOf(error: Error): string | undefined {
  const own: unknown = Reflect.get(error, 'code');
  if (typeof own === 'string' && (/^E[A-Z0-9_]{2,30}$/.test(own) || certificateCodes.has(own))) return own;
  return error.cause instanceof Error ? codeOf(error.cause) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
