import { KeyguardError } from '../../lambda/foundation/errors.ts';
import { failureOf, isDenied, mayNotFix } from '../failure.ts';

/** One thing that was looked at. */
export interface Check {
  /** The managed key, or the installation. */
  readonly about: string;
  readonly check: string;
  /** `broken`: somebody must mend it. `warning`: somebody should look, or it could not be looked at. */
  readonly state: 'ok' | 'warning' | 'broken';
  /** @sentence */
  readonly what: string;
  /** Null where nothing is to be done. @sentence */
  readonly fix: string | null;
}

export type Answer = Pick<Check, 'state' | 'what' | 'fix'>;

export function good(what: string): Answer {
  return { state: 'ok', what, fix: null };
}

export function broken(what: string, fix: string): Answer {
  return { state: 'broken', what, fix };
}

export function warning(what: string, fix: string): Answer {
  return { state: 'warning', what, fix };
}

/** Looks, and answers too where it may not or cannot look: one check that fails stops no other. */
export async function checked(about: string, check: string, look: () => Promise<Answer | readonly Answer[]>): Promise<readonly Check[]> {
  const answers = await answered(look);
  return answers.map((answer) => ({ about, check, ...answer }));
}

async function answered(look: () => Promise<Answer | readonly Answer[]>): Promise<readonly Answer[]> {
  try {
    const answer = await look();
    return 'state' in answer ? [answer] : answer;
  } catch (error) {
    if (error instanceof KeyguardError && isDenied(error)) {
      return [warning(`not looked at: you may not do ${error.operation}`, mayNotFix)];
    }
    const { code, message, fix } = failureOf(error);
    return [code === 'unavailable' ? warning(`not looked at: ${message}`, fix) : broken(message, fix)];
  }
}
