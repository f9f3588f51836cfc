import {
  DeleteParameter$,
  errorTypeRegistries,
  GetParameter$,
  GetParameters$,
  GetParametersByPath$,
  PutParameter$,
} from '@aws-sdk/client-ssm';
import type {
  DeleteParameterRequest,
  DeleteParameterResult,
  GetParameterRequest,
  GetParameterResult,
  GetParametersByPathRequest,
  GetParametersByPathResult,
  GetParametersRequest,
  GetParametersResult,
  Parameter,
  PutParameterRequest,
  PutParameterResult,
} from '@aws-sdk/client-ssm';
import { page } from './pages.ts';
import { AwsError, operation } from './service.ts';
import type { Account, Call, Service } from './service.ts';

interface Stored {
  readonly name: string;
  readonly type: 'String' | 'StringList';
  readonly value: string;
  readonly version: number;
  readonly changedAt: number;
  readonly before: Stored | undefined;
}

export interface ParametersObserver {
  /** Value by name. */
  values(): Readonly<Record<string, string>>;
}

/** Parameter Store, standard tier, `String` and `StringList`. */
export function ssm(account: Account): { service: Service; observer: ParametersObserver } {
  const parameters = new Map<string, Stored>();

  const find = (nameOrArn: string, call: Call): Stored | undefined => {
    const name = nameOrArn.replace(/^arn:aws:ssm:[^:]*:[^:]*:parameter/, '').replace(/:\d+$/, '');
    const stored = parameters.get(name) ?? parameters.get(name.replace(/^\//, ''));
    return call.stale && stored !== undefined && call.now - stored.changedAt <= account.staleWindowMs ? stored.before : stored;
  };
  const shown = (stored: Stored): Parameter => ({
    Name: stored.name,
    Type: stored.type,
    Value: stored.value,
    Version: stored.version,
    LastModifiedDate: new Date(stored.changedAt),
    ARN: `arn:aws:ssm:${account.region}:${account.accountId}:parameter${stored.name.startsWith('/') ? '' : '/'}${stored.name}`,
    DataType: 'text',
  });

  const operations = [
    operation<PutParameterRequest, PutParameterResult>(PutParameter$, (input, { now }) => {
      const old = parameters.get(input.Name);
      const type = input.Type ?? old?.type;
      if (type === undefined) throw new AwsError('ValidationException', 'A parameter type is required when you create a parameter.');
      if (type === 'SecureString') throw new AwsError('ValidationException', 'The local AWS has no SecureString parameters');
      if (!/^[A-Za-z0-9_.\-/]+$/.test(input.Name) || /^\/?(?:aws|ssm)/i.test(input.Name)) {
        throw new AwsError(
          'ValidationException',
          'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_',
        );
      }
      if (Buffer.byteLength(input.Value) > 4096) {
        throw new AwsError(
          'ValidationException',
          'Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.',
        );
      }
      if (input.Value === '')
        throw new AwsError(
          'ValidationException',
          "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.",
        );
      if (old !== undefined && input.Overwrite !== true) {
        throw new AwsError(
          'ParameterAlreadyExists',
          'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
        );
      }
      const version = (old?.version ?? 0) + 1;
      const before = old === undefined ? undefined : { ...old, before: undefined };
      parameters.set(input.Name, { name: input.Name, type, value: input.Value, version, changedAt: now, before });
      return { Version: version, Tier: 'Standard' };
    }),

    operation<GetParameterRequest, GetParameterResult>(GetParameter$, (input, call) => {
      const stored = find(input.Name, call);
      if (stored === undefined) throw new AwsError('ParameterNotFound', `Parameter ${input.Name} not found.`);
      return { Parameter: shown(stored) };
    }),

    operation<GetParametersRequest, GetParametersResult>(GetParameters$, (input, call) => {
      if (input.Names.length > 10) {
        throw new AwsError(
          'ValidationException',
          `1 validation error detected: Value '[${input.Names.join(', ')}]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 10`,
        );
      }
      const found = input.Names.map((name) => find(name, call));
      return {
        Parameters: found.filter((stored) => stored !== undefined).map(shown),
        InvalidParameters: input.Names.filter((_name, index) => found[index] === undefined),
      };
    }),

    operation<GetParametersByPathRequest, GetParametersByPathResult>(GetParametersByPath$, (input, call) => {
      if (!input.Path.startsWith('/')) {
        throw new AwsError('ValidationException', 'The parameter path must begin with a slash.');
      }
      const most = input.MaxResults ?? 10;
      if (most < 1 || most > 10) {
        throw new AwsError(
          'ValidationException',
          `1 validation error detected: Value '${most}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10`,
        );
      }
      if ((input.ParameterFilters ?? []).length > 0) throw new AwsError('InvalidFilterKey', 'The local AWS does not filter parameters');
      const prefix = input.Path.endsWith('/') ? input.Path : `${input.Path}/`;
      const listed = [...parameters.keys()]
        .filter((name) => name.startsWith(prefix) && (input.Recursive === true || !name.slice(prefix.length).includes('/')))
        .sort()
        .map((name) => find(name, call))
        .filter((stored) => stored !== undefined);
      const { items, nextToken } = page(listed, most, input.NextToken, 'InvalidNextToken');
      return { Parameters: items.map(shown), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
    }),

    operation<DeleteParameterRequest, DeleteParameterResult>(DeleteParameter$, (input) => {
      if (!parameters.delete(input.Name)) throw new AwsError('ParameterNotFound', `Parameter ${input.Name} not found.`);
      return {};
    }),
  ];

  return {
    service: {
      name: 'ssm',
      protocol: { kind: 'json', version: '1.1', target: 'AmazonSSM' },
      errors: errorTypeRegistries,
      throttle: { code: 'ThrottlingException', message: 'Rate exceeded' },
      internalError: 'InternalServerError',
      operations,
    },
    observer: { values: () => Object.fromEntries([...parameters.values()].map(({ name, value }) => [name, value])) },
  };
}
