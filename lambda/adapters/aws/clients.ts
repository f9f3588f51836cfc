import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';

/**
 * The SDK would compress figures of more than 10 KB, as after an outage. Emulators of CloudWatch exist that take such a body,
 * answer 200 and store nothing; what compression saves here is some hundred KB on a rare day.
 */
const disableRequestCompression = true;

/** No endpoint, no Region, no credentials of our own: the environment decides, so that AWS_ENDPOINT_URL works everywhere. */
export const cloudWatch = (): CloudWatchClient => new CloudWatchClient({ disableRequestCompression });
/** For calls that CloudWatch would count twice: it knows no idempotency token, so the SDK must not repeat them. */
export const cloudWatchWithoutRetries = (): CloudWatchClient => new CloudWatchClient({ maxAttempts: 1, disableRequestCompression });
export const lambda = (): LambdaClient => new LambdaClient({});
export const secretsManager = (): SecretsManagerClient => new SecretsManagerClient({});
export const sns = (): SNSClient => new SNSClient({});
export const ssm = (): SSMClient => new SSMClient({});
export const sts = (): STSClient => new STSClient({});
