export type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'billing_error'
  | 'permission_error'
  | 'not_found_error'
  | 'conflict_error'
  | 'request_too_large'
  | 'rate_limit_error'
  | 'timeout_error'
  | 'api_error'
  | 'overloaded_error';

/** A refusal in Anthropic's own terms; the server turns it into the wire's error body. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: ErrorType;
  /** `error.details`, of which `error_code` names the cause. */
  readonly details: { readonly error_code: string; readonly [field: string]: unknown } | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    type: ErrorType,
    message: string,
    extra: { readonly details?: { error_code: string; [field: string]: unknown }; readonly headers?: Record<string, string> } = {},
  ) {
    super(withoutCredentials(message));
    this.status = status;
    this.type = type;
    this.details = extra.details;
    this.headers = extra.headers ?? {};
  }
}

export const invalidRequest = (message: string, errorCode?: string): ApiError =>
  new ApiError(400, 'invalid_request_error', message, errorCode === undefined ? {} : { details: { error_code: errorCode } });

/** Malformed, unknown, inactive, archived and expired keys all read the same: no code tells them apart. */
export const unauthenticated = (message = 'invalid x-api-key'): ApiError => new ApiError(401, 'authentication_error', message);

export const forbidden = (message: string): ApiError => new ApiError(403, 'permission_error', message);

export const notFound = (message: string): ApiError => new ApiError(404, 'not_found_error', message);

/** The body that goes over the wire. */
export function errorBody(error: ApiError, requestId: string): object {
  const { type, message, details } = error;
  return { type: 'error', error: details === undefined ? { type, message } : { type, message, details }, request_id: requestId };
}

/** A caller may send a key where a model's name or an id belongs; no message may carry it back. */
function withoutCredentials(text: string): string {
  return text.replace(/sk-ant-[A-Za-z0-9_-]+/g, 'sk-ant-[redacted]');
}
