import { errorTypeRegistries, GetFunctionConfiguration$, GetPolicy$, Invoke$ } from '@aws-sdk/client-lambda';
import type {
  FunctionConfiguration,
  GetFunctionConfigurationRequest,
  GetPolicyRequest,
  GetPolicyResponse,
  InvocationRequest,
  InvocationResponse,
} from '@aws-sdk/client-lambda';
import { deadLetterQueueOf } from './sqs.ts';
import { AwsError, operation } from './service.ts';
import type { Account, Service } from './service.ts';

/** Lambda's calls for callers outside: to invoke, and to look at who may; the functions themselves are in `functions.ts`. */
export function lambda(account: Account): Service {
  const { functions } = account;
  const arnOf = (name: string): string =>
    name.startsWith('arn:') ? name : `arn:aws:lambda:${account.region}:${account.accountId}:function:${name}`;

  const checkExists = (name: string): void => {
    if (!functions.exists(name)) throw new AwsError('ResourceNotFoundException', `Function not found: ${arnOf(name)}`, { Type: 'User' });
  };

  const invoke = operation<InvocationRequest, InvocationResponse>(Invoke$, ['FunctionName', 'InvocationType', 'Payload'], async (input) => {
    const { FunctionName: name, InvocationType: type = 'RequestResponse' } = input;
    checkExists(name);
    const event = eventOf(input.Payload);
    const answer = { ExecutedVersion: '$LATEST' };
    switch (type) {
      case 'DryRun':
        return { ...answer, StatusCode: 204 };
      case 'Event':
        functions.invokeLater(name, event, 'invoke:Event');
        return { ...answer, StatusCode: 202 };
      case 'RequestResponse':
        try {
          return { ...answer, StatusCode: 200, Payload: json(await functions.invoke(name, event, 'invoke:RequestResponse')) };
        } catch (error) {
          return { ...answer, StatusCode: 200, FunctionError: 'Unhandled', Payload: json(errorDocument(error)) };
        }
      default:
        throw new AwsError('InvalidParameterValueException', `Unexpected invocation type: ${String(type)}`, { Type: 'User' });
    }
  });

  const configuration = operation<GetFunctionConfigurationRequest, FunctionConfiguration>(
    GetFunctionConfiguration$,
    ['FunctionName'],
    (input) => {
      checkExists(input.FunctionName);
      const arn = arnOf(input.FunctionName);
      const name = arn.split(':')[6] ?? '';
      return {
        FunctionName: name,
        FunctionArn: arn,
        // A role of its own, as the stack gives each function.
        Role: `arn:aws:iam::${account.accountId}:role/${name}`,
        Environment: { Variables: { ...functions.environment(name) } },
        DeadLetterConfig: { TargetArn: `arn:aws:sqs:${account.region}:${account.accountId}:${deadLetterQueueOf(name)}` },
        State: 'Active',
        LastUpdateStatus: 'Successful',
      };
    },
  );

  const policy = operation<GetPolicyRequest, GetPolicyResponse>(GetPolicy$, ['FunctionName'], (input) => {
    checkExists(input.FunctionName);
    const services = functions.invokedBy(input.FunctionName);
    if (services.length === 0) {
      throw new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', { Type: 'User' });
    }
    const statements = services.map((service, index) => ({
      Sid: `Service${index + 1}`,
      Effect: 'Allow',
      Principal: { Service: service },
      Action: 'lambda:InvokeFunction',
      Resource: arnOf(input.FunctionName),
      Condition: { StringEquals: { 'AWS:SourceAccount': account.accountId } },
    }));
    return {
      Policy: JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: statements }),
      RevisionId: account.randomness.uuid(),
    };
  });

  return {
    name: 'lambda',
    protocol: { kind: 'rest' },
    errors: errorTypeRegistries,
    throttle: { code: 'TooManyRequestsException', message: 'Rate Exceeded.' },
    internalError: 'ServiceException',
    operations: [invoke, configuration, policy],
  };
}

function eventOf(payload: Uint8Array | undefined): unknown {
  if (payload === undefined) return {};
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    // Never the parser's own words: they quote the payload.
    throw new AwsError('InvalidRequestContentException', 'Could not parse request body into json', { Type: 'User' });
  }
}

/** What the Node runtime answers for a handler that threw. */
function errorDocument(error: unknown): object {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] };
}

/** A handler that answers nothing answers null. */
function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value ?? null));
}
