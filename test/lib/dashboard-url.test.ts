import { Template } from 'aws-cdk-lib/assertions';
import { Stack } from 'aws-cdk-lib/core';
import { expect, test } from 'vitest';
import { regionsByPartition } from '../../lib/config/regions.ts';
import { dashboardUrl } from '../../lib/dashboard-url.ts';
import { KeyguardStack } from '../../lib/keyguard-stack.ts';
import { shortAndLong } from '../support/long.ts';
import { example, quickApp } from './stacks.ts';

const domains = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-eusc': 'console.amazonaws-eusc.eu',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};
const regions = Object.entries(domains).flatMap(([partition, domain]) =>
  (regionsByPartition[partition] ?? []).map((region) => ({ region, domain })),
);

interface LambdaFunction {
  readonly Properties: { readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> } };
}

/** Of the stack that is deployed into this Region, as plain data: what alerts link to, and what the notifier lets through. */
function linksIn(region: string | undefined): { readonly template: Template; readonly links: readonly unknown[] } {
  const env = region === undefined ? {} : { env: { account: '111122223333', region } };
  const stack = new KeyguardStack(quickApp(), 'Keyguard', { configuration: example, stackName: 'keyguard', ...env });
  const template = Template.fromStack(stack);
  const functions = Object.values<unknown>(template.findResources('AWS::Lambda::Function')) as readonly LambdaFunction[];
  const links = functions.flatMap(({ Properties }) => Properties.Environment?.Variables?.['DASHBOARD_URL'] ?? []);
  return { template, links };
}

/** What CloudFormation makes of a text when it deploys into this Region. */
function deployed(value: unknown, mappings: unknown, pseudo: Readonly<Record<string, string>>): string {
  if (typeof value === 'string') return value;
  const [[name, given] = []] = Object.entries(value as object);
  const parts = Array.isArray(given) ? (given as readonly unknown[]) : [];
  if (name === 'Ref') return pseudo[String(given)] ?? '';
  if (name === 'Fn::Join') return (parts[1] as readonly unknown[]).map((part) => deployed(part, mappings, pseudo)).join('');
  if (name !== 'Fn::FindInMap') throw new Error(`no rule for ${String(name)}`);
  return parts.reduce<unknown>((found, part) => Reflect.get(found as object, deployed(part, mappings, pseudo)), mappings) as string;
}

for (const [cases, options] of shortAndLong(1, ['eu-central-1', 'cn-northwest-1', 'us-gov-west-1', 'eusc-de-east-1']))
  test.each(cases)(
    'in %s the link of alerts, of the notifier and of the output are one, in the console of its partition',
    options,
    (region) => {
      const domain = regions.find((each) => each.region === region)?.domain ?? '';
      const { template, links } = linksIn(region);
      const url = `https://${region}.${domain}/cloudwatch/home?region=${region}#dashboards/dashboard/${example.installation}-${region}`;
      expect(links.length).toBeGreaterThan(3);
      expect(new Set(links)).toEqual(new Set([url]));
      expect(template.findOutputs('DashboardUrl')).toMatchObject({ DashboardUrl: { Value: url } });
      expect(template.toJSON()).not.toHaveProperty('Mappings');
    },
  );

test('a stack without a Region finds its console in every Region in which it is deployed', () => {
  const { template, links } = linksIn(undefined);
  const { Mappings } = template.toJSON() as { readonly Mappings: unknown };
  const [link] = links;
  expect(links.every((each) => JSON.stringify(each) === JSON.stringify(link))).toBe(true);
  for (const [partition, domain] of Object.entries(domains)) {
    for (const region of regionsByPartition[partition] ?? []) {
      const url = deployed(link, Mappings, { 'AWS::Region': region, 'AWS::Partition': partition });
      expect(new URL(url).host).toBe(`${region}.${domain}`);
    }
  }
});

test('each Region of these partitions has its console there', () => {
  for (const { region, domain } of regions) {
    const url = dashboardUrl(new Stack(quickApp(), 'One', { env: { region } }), 'one');
    expect(new URL(url).host).toBe(`${region}.${domain}`);
  }
});
