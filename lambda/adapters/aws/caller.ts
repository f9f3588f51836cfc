import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { awsCall } from './calls.ts';

export interface Caller {
  /** AWS tells everybody their own. */
  readonly arn: string;
  /** What time it was at AWS when it answered (epoch ms, whole seconds); undefined where the answer does not say. */
  readonly serverTime: number | undefined;
}

/** Who speaks to AWS with these credentials. */
export async function caller(client: STSClient): Promise<Caller> {
  let serverTime: number | undefined;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      serverTime = dateOf(result.response);
      return result;
    },
    { step: 'deserialize', name: 'keyguardReadsDate', override: true },
  );
  const { Arn } = await awsCall('sts:GetCallerIdentity', () => client.send(new GetCallerIdentityCommand({})));
  return { arn: Arn ?? 'operator', serverTime };
}

function dateOf(response: unknown): number | undefined {
  const headers: unknown = response instanceof Object ? Reflect.get(response, 'headers') : undefined;
  const date: unknown = headers instanceof Object ? Reflect.get(headers, 'date') : undefined;
  const instant = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isNaN(instant) ? undefined : instant;
}
