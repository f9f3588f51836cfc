import { proxiesText } from '../lambda/adapters/proxy.ts';
import { AwsRefused, briefly, KeyguardError, LostRace, Unavailable } from '../lambda/foundation/errors.ts';
import { CliFailure, Declined } from './command.ts';

/** What is said of an error at the terminal. */
export interface Failure {
  /** For machines; absent where there is no stable one. */
  readonly code?: string;
  readonly message: string;
  /** Empty where the message holds a fix for each of its problems. */
  readonly fix: string;
  readonly exitCode: 1 | 2;
  /** Somebody said no to a question: no error. */
  readonly declined?: boolean;
}

/** Any error as one that a person can act on. Of a foreign one nothing is repeated but its name: it may hold a value. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Declined) return { code: 'declined', message: error.message, fix: error.fix, exitCode: 1, declined: true };
  if (error instanceof CliFailure) return { message: error.message, fix: error.fix, exitCode: error.code };
  if (isConfigurationError(error)) return { code: error.code, message: error.message, fix: '', exitCode: 1 };
  if (error instanceof KeyguardError) {
    const exitCode = error.code === 'unknown-managed-key' ? 2 : 1;
    return { code: error.code, message: error.message, fix: fixAtTheKeyboard(error), exitCode };
  }
  if (isFileError(error))
    return { message: `a file cannot be read or written (${error.code})`, fix: 'check the path that you gave', exitCode: 1 };
  return {
    message: `the command stopped on an unexpected error: ${isOurs(error) ? `${error.name}: ${error.message}` : briefly(error)}`,
    fix: 'if it happens again, report it with the command that you typed',
    exitCode: 1,
  };
}

/** The functions' fixes speak to who operates them; some errors mean something else to who sits at the keyboard. */
function fixAtTheKeyboard(error: KeyguardError): string {
  if (error instanceof LostRace)
    return 'somebody was faster: look with npx --no-install keyguard status, and give the command again if it is still needed';
  if (error instanceof Unavailable) {
    const proxies = proxiesText();
    return `try again in a minute; if it lasts, check your network${proxies === '' ? '' : `, ${proxies}`}, and AWS_ENDPOINT_URL where you set it`;
  }
  if (error instanceof AwsRefused && /^(ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidSignature)/.test(error.reason))
    return signIn;
  return isDenied(error) ? mayNotFix : error.fix;
}

/** Whether AWS says that the person at the keyboard may not do this. What a function may not do is no fault of theirs. */
export function isDenied(error: KeyguardError): error is AwsRefused {
  return error instanceof AwsRefused && /AccessDenied|NotAuthorized|AuthorizationError/.test(error.reason);
}

export const mayNotFix =
  'use an AWS role that may do this: docs/security.md lists what the person at the command line needs. The secrets of the Admin key and ' +
  'of the Slack webhook let in only the roles in "operators" of keyguard.json: add yours with its path, and run: npx cdk deploy';

export const signIn = 'sign in to AWS, for example with: aws sso login; if you use profiles, AWS_PROFILE must name one of ~/.aws/config';

/** Mistakes of our own code; their messages name code, not data. */
function isOurs(error: unknown): error is Error {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

/** Told by its name: its class would load the whole schema for every command. */
function isConfigurationError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && error.name === 'ConfigurationError' && typeof Reflect.get(error, 'code') === 'string';
}

/** Node's own errors of the file system: EACCES, EISDIR, ENOSPC. */
function isFileError(error: unknown): error is Error & { readonly code: string } {
  if (!(error instanceof Error) || typeof Reflect.get(error, 'syscall') !== 'string') return false;
  return /^E[A-Z]{2,}$/.test(String(Reflect.get(error, 'code')));
}
