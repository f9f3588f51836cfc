import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { usageDataAge, usageMetrics } from '../../contract/metrics.ts';
import { ManagedKey } from '../../lib/managed-key.ts';
import { example, stackOf } from '../lib/stacks.ts';
import { heartbeatModel } from '../../contract/heartbeat.ts';
import { modelPrices } from '../../lambda/usage/price-table.ts';
import { costLines, costTable, fixed, heartbeatTokensUsd, heartbeatUsd, secretsPerKey } from './costs.ts';
import { block, fences, page } from './pages.ts';

test('the costs are those that the arithmetic gives', () => {
  expect(block(page('docs/costs.md'), 'costs')).toBe(costTable());
  const [, ...sums] = /\*\*Sum\*\* \| \*\*\$([\d.]+)\*\* \| \*\*\$([\d.]+)\*\* \| \*\*\$([\d.]+)/.exec(costTable()) ?? [];
  const [one, three, twenty] = sums.map((sum) => Math.round(Number(sum)));
  expect(page('README.md').text).toContain(
    `About $${one} a month at AWS for one managed key, $${three} for three and $${twenty} for twenty`,
  );
});

test('the page of costs says what a heartbeat costs', () => {
  const price = modelPrices.find(({ id }) => id === heartbeatModel) ?? { input: Infinity, output: Infinity };
  expect(heartbeatTokensUsd(price)).toBeCloseTo(0.001, 3);
  expect(page('docs/costs.md').text).toContain(`adds $${heartbeatUsd.toFixed(2)} a month at AWS`);
});

test('costs count what the stack really holds', () => {
  const template = Template.fromStack(stackOf(example));
  template.resourceCountIs('AWS::SecretsManager::Secret', fixed.secrets + secretsPerKey * example.managedKeys.length);
  template.resourceCountIs('AWS::CloudWatch::Alarm', fixed.alarms);
  template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  template.resourceCountIs('AWS::KMS::Key', 1);
  expect(costLines.every(({ usd }) => usd(3) >= usd(1) && usd(1) > 0)).toBe(true);
});

test('the table of metrics is the contract’s', () => {
  const rows = [...Object.values(usageMetrics), usageDataAge].map(
    ({ name, unit, meaning, watched }) => `| \`${name}\` | ${unit} | ${meaning} | ${watched ? 'yes' : 'no'} |`,
  );
  expect(block(page('docs/usage.md'), 'metrics').split('\n').slice(2)).toEqual(rows);
});

/** Effect and actions of each statement: what a policy says, without the ARNs. */
function saidBy(document: unknown): readonly string[] {
  const list: unknown = document instanceof Object ? Reflect.get(document, 'Statement') : undefined;
  if (!Array.isArray(list)) throw new Error('the policy has no statements');
  return list
    .map((statement: unknown) => {
      if (!(statement instanceof Object)) throw new Error('a statement is an object');
      return JSON.stringify([Reflect.get(statement, 'Effect'), [Reflect.get(statement, 'Action')].flat()]);
    })
    .sort();
}

test('the policy for consumers allows what grantRead allows, and no more', () => {
  const stack = stackOf(example);
  const key = stack.node.findChild('ManagedKeys').node.findChild('Production');
  if (!(key instanceof ManagedKey)) throw new Error('the example has no managed key production');
  key.grantRead(new Role(stack, 'Consumer', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') }));
  const granted = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  expect(granted).toHaveLength(1);
  const [policy] = granted;
  const [onPage = ''] = fences(page('docs/consumers.md').text, 'json');
  const properties: unknown = policy?.['Properties'];
  const document: unknown = properties instanceof Object ? Reflect.get(properties, 'PolicyDocument') : undefined;
  expect(saidBy(JSON.parse(onPage))).toEqual(saidBy(document));
  expect(onPage).toContain('"ForAnyValue:StringEquals": { "secretsmanager:VersionStage": "AWSCURRENT" }');
});
