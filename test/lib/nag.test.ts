import { beforeAll, expect, test } from 'vitest';
import { configurationSchema } from '../../lib/config/schema.ts';
import type { Configuration } from '../../lib/config/schema.ts';
import { nagPacks, nagSuppressions, suppressNag } from '../../lib/nag-suppressions.ts';
import { beating, example, stackOf } from './stacks.ts';

interface Finding {
  readonly rule: string;
  readonly path: string;
}

const federated = configurationSchema.parse({
  ...example,
  anthropic: { ...example.anthropic, adminAccess: { kind: 'federation', federationRuleId: 'fdrl_1', serviceAccountId: 'svac_1' } },
  alerts: { emails: ['oncall@example.com'] },
});
const variants: readonly (readonly [string, Configuration])[] = [
  ['the example', example],
  ['federation without Slack', federated],
  ['a heartbeat', beating],
];
const unsuppressed = new Map<Configuration, readonly Finding[]>();

/** Findings by rule and construct below the stack. */
function findings(configuration: Configuration, acknowledge: 'acknowledged' | 'raw'): readonly Finding[] {
  const stack = stackOf(configuration);
  if (acknowledge === 'acknowledged') suppressNag(stack, configuration);
  return nagPacks().flatMap((pack) =>
    pack.validateScope(stack).violations.flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map((resource) => ({
        rule: ruleName,
        path: ('constructPath' in resource ? resource.constructPath : '').replace('Keyguard/', ''),
      })),
    ),
  );
}

beforeAll(() => {
  for (const [, configuration] of variants) unsuppressed.set(configuration, findings(configuration, 'raw'));
});

test.each(variants)('%s has no finding of AwsSolutions or NIST 800-53 R5 that nobody explained', (_name, configuration) => {
  expect(findings(configuration, 'acknowledged')).toEqual([]);
});

test.each(variants)('%s: each suppression is needed by the one resource that it names', (_name, configuration) => {
  const raw = unsuppressed.get(configuration) ?? [];
  const unused = nagSuppressions(configuration).flatMap(({ path, rules }) =>
    rules
      .filter((rule) => !raw.some((finding) => finding.rule === rule && finding.path === `${path}/Resource`))
      .map((rule) => `${rule} on ${path}`),
  );
  expect(unused).toEqual([]);
});

test('the rules are alive: without suppressions they find what is suppressed', () => {
  const suppressed = nagSuppressions(example).flatMap(({ rules }) => rules);
  expect(unsuppressed.get(example)?.length).toBe(suppressed.length);
});

test('each suppression gives a reason in words', () => {
  for (const { reason } of nagSuppressions(example)) expect(reason.split(' ').length).toBeGreaterThan(3);
});
