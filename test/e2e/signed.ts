import { createHash, createHmac } from 'node:crypto';

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

interface Post {
  readonly url: URL;
  readonly body: string;
  readonly service: string;
  readonly region: string;
  readonly at: Date;
}

/**
 * The headers of a signed POST (AWS Signature Version 4, IAM User Guide, "Create a signed AWS API request"). By hand: the
 * project calls Lambda nowhere else, so its client is not among the packages. The URL must have no query.
 */
export function signed({ url, body, service, region, at }: Post, credentials: Credentials): Record<string, string> {
  const instant = at.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = instant.slice(0, 8);
  const named: Record<string, string> = {
    host: url.host,
    'x-amz-date': instant,
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(named).join(';');
  const listed = Object.entries(named).map(([name, value]) => `${name}:${value}\n`);
  const request = ['POST', url.pathname, '', listed.join(''), names, sha256(body)].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', instant, scope, sha256(request)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  const { host: _host, ...sent } = named;
  return {
    ...sent,
    'content-type': 'application/json',
    authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
