import {
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  ResourceNotFoundException,
  type GetFunctionConfigurationCommandOutput,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import { KeyguardError } from '../../foundation/errors.ts';
import { parsedJson } from '../../foundation/json.ts';
import { awsCall } from './calls.ts';

/** The ARN of the role that a function runs as. Throws KeyguardError `function-missing`. */
export async function roleOf(client: LambdaClient, functionName: string): Promise<string> {
  const { Role = '' } = await configurationOf(client, functionName);
  return Role;
}

async function configurationOf(client: LambdaClient, functionName: string): Promise<GetFunctionConfigurationCommandOutput> {
  return awsCall(
    'lambda:GetFunctionConfiguration',
    () => client.send(new GetFunctionConfigurationCommand({ FunctionName: functionName })),
    (error) =>
      error instanceof ResourceNotFoundException
        ? new KeyguardError('function-missing', `there is no function ${functionName}`, 'bring it back: npx cdk deploy --revert-drift')
        : undefined,
  );
}

/** The name of the queue for the events that a function could not handle; undefined where it has none. Throws as `roleOf`. */
export async function deadLetterQueueOf(client: LambdaClient, functionName: string): Promise<string | undefined> {
  const { DeadLetterConfig } = await configurationOf(client, functionName);
  return DeadLetterConfig?.TargetArn?.split(':')[5];
}

/** What a function works with. */
export interface FunctionSettings {
  readonly arn: string;
  /** Its environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Undefined where there is no such function. */
export async function functionSettings(client: LambdaClient, functionName: string): Promise<FunctionSettings | undefined> {
  try {
    const { FunctionArn = '', Environment } = await configurationOf(client, functionName);
    return { arn: FunctionArn, environment: Environment?.Variables ?? {} };
  } catch (error) {
    if (error instanceof KeyguardError && error.code === 'function-missing') return undefined;
    throw error;
  }
}

/** The function's own policy, which says who else may call it; undefined where it has none, or is not there. */
export async function functionPolicy(client: LambdaClient, functionName: string): Promise<unknown> {
  const answer = await awsCall('lambda:GetPolicy', async () => {
    try {
      return await client.send(new GetPolicyCommand({ FunctionName: functionName }));
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  });
  return answer?.Policy === undefined ? undefined : parsedJson(answer.Policy);
}
