import { InvokeCommand, ResourceNotFoundException, type LambdaClient } from '@aws-sdk/client-lambda';
import { KeyguardError } from '../../foundation/errors.ts';
import { parsedJson } from '../../foundation/json.ts';
import { awsCall } from './calls.ts';

/** Errors of ours, whose messages hold ids and plain words only. */
const ours = ['KeyguardError', 'LostRace', 'Unavailable', 'AwsRefused'];

/**
 * Asks one of our functions for something and waits for its answer. Repeated by the SDK where no answer came, so what is asked
 * for must be safe to repeat. Throws KeyguardError `function-missing`, or `function-failed` where the function threw.
 */
export async function invoke(client: LambdaClient, functionName: string, event: object): Promise<unknown> {
  const { FunctionError, Payload } = await awsCall(
    'lambda:InvokeFunction',
    () => client.send(new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(event)) })),
    (error) =>
      error instanceof ResourceNotFoundException
        ? new KeyguardError('function-missing', `there is no function ${functionName}`, 'bring it back: npx cdk deploy --revert-drift')
        : undefined,
  );
  const answer = parsedJson(Payload === undefined ? 'null' : Buffer.from(Payload).toString('utf8'));
  if (FunctionError === undefined) return answer;
  throw new KeyguardError(
    'function-failed',
    `${functionName} failed: ${failureText(answer)}`,
    `see the log of the function ${functionName}`,
  );
}

/** Of an error that is not ours only its name: its message may hold anything. */
function failureText(answer: unknown): string {
  const field = (name: string): string => {
    const value: unknown = answer instanceof Object ? Reflect.get(answer, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  const type = field('errorType');
  return ours.includes(type) ? field('errorMessage') : type === '' ? 'an unknown error' : type;
}
