import type { LambdaClient } from '@aws-sdk/client-lambda';
import { caller } from '../lambda/adapters/aws/caller.ts';
import { sts } from '../lambda/adapters/aws/clients.ts';
import type { CliIo } from './command.ts';
import { signIn } from './failure.ts';

/**
 * Answers the Region, or ends the command: without Region or credentials the SDK fails in every call, with words for
 * programmers. Asks nobody but the machine's own settings (and, with SSO or on EC2, who hands out its credentials).
 */
export async function checkedRegion(client: LambdaClient, io: CliIo): Promise<string> {
  let region: string;
  try {
    region = await client.config.region();
  } catch {
    return io.fail('no AWS Region is set', 'set AWS_REGION to the Region of the deployment, for example: export AWS_REGION=eu-west-1', 1);
  }
  try {
    await client.config.credentials();
  } catch (error) {
    const profile = ssoProfile(error);
    if (profile === undefined) io.fail('there are no AWS credentials', signIn, 1);
    io.fail(`the AWS session of profile ${profile} is over, or was never opened`, `aws sso login --profile ${profile}`, 1);
  }
  return region;
}

/** Of the SDK's message no more than the name of a profile. */
function ssoProfile(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : '';
  return /sso/i.test(message) ? /profile[=:]?\s?\[?([\w@.+-]{1,64})/i.exec(message)?.[1] : undefined;
}

/** Who is at the keyboard, for the audit. */
export async function callerName(): Promise<string> {
  return (await caller(sts())).arn;
}
