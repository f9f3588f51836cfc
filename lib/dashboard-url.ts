import { CfnMapping, Stack, Token } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

/** Of the console, by partition; the name of a Region stands before it. The isolated partitions cannot reach Anthropic. */
const consoleDomains: Readonly<Record<string, { readonly domain: string }>> = {
  aws: { domain: 'console.aws.amazon.com' },
  'aws-cn': { domain: 'console.amazonaws.cn' },
  'aws-eusc': { domain: 'console.amazonaws-eusc.eu' },
  'aws-us-gov': { domain: 'console.amazonaws-us-gov.com' },
};

/**
 * Where people see a dashboard of this stack. A stack without a fixed Region looks its domain up when it is deployed: at most once
 * in a scope.
 */
export function dashboardUrl(scope: Construct, dashboardName: string): string {
  const { partition, region } = Stack.of(scope);
  const isListed = Token.isUnresolved(partition) || partition in consoleDomains;
  const domains = new CfnMapping(scope, 'ConsoleDomains', { mapping: { ...consoleDomains }, lazy: true });
  const domain = domains.findInMap(isListed ? partition : 'aws', 'domain');
  return `https://${region}.${domain}/cloudwatch/home?region=${region}#dashboards/dashboard/${dashboardName}`;
}
