import { z } from 'zod';
import { defaultAnthropicBaseUrl } from '../../contract/environment.ts';
import { heartbeatModel } from '../../contract/heartbeat.ts';
import { strategyKinds, type PostedSetting, type StrategyKind } from '../../contract/registry.ts';
import { checkEmails, checkHeartbeat, checkManagedKeys, checkOperators, checkReplicas, checkRotation } from './across-fields.ts';
import { canonicalAddress, canonicalOrigin, trimmed } from './canonical.ts';
import { durationPattern } from './duration.ts';
import { checkExpectedUsage, checkExpectedUsages } from './expected-usage.ts';
import { giveOperatorArn, operatorPattern } from './operators.ts';
import { partitionOf } from './regions.ts';

/**
 * The configuration: types, checks, defaults, units and descriptions in one place. `keyguard.schema.json` (for editors)
 * and docs/reference/configuration.md are generated from it. A message of ours has two lines: the problem, and the fix.
 */
function says(problem: string, fix: string): { readonly error: string } {
  return { error: `${problem}\n${fix}` };
}

const namePattern = /^(?=.{1,31}$)[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const name = z
  .string()
  .regex(
    namePattern,
    says(
      'is not a name that every service accepts',
      'Give 1 to 31 lower-case letters and digits, with single hyphens between: production-eu.',
    ),
  );

function id(prefix: string, where: string): z.ZodString {
  return z
    .string()
    .overwrite(trimmed)
    .regex(
      new RegExp(`^${prefix}_[A-Za-z0-9]{1,64}$`),
      says(`is not an id of the form ${prefix}_…`, `Copy it from the Claude Console: ${where}.`),
    );
}

const durationFix = 'Give a whole number with s, m, h or d, in quotes: "90s", "15m", "24h", "30d".';
const duration = z
  .string(says('is not a length of time', durationFix))
  .regex(durationPattern, says('is not a length of time', durationFix));

const window = z
  .strictObject({
    startHour: z
      .int(says('is not an hour of the day', 'Give a whole number from 0 to 23: windows open on the hour, in UTC.'))
      .min(0, says('is not an hour of the day', 'Give 0 to 23.'))
      .max(23, says('is not an hour of the day', 'Give 0 to 23.'))
      .describe('Hour of the day at which the window opens, in UTC, 0 to 23.'),
    hours: z
      .int(says('is not a whole number of hours', 'Give 1 to 24.'))
      .min(1, says('is too short', 'Give at least 1 hour.'))
      .max(24, says('is too long', 'Give at most 24 hours.'))
      .describe('Length of the window in hours. The window may not cross midnight UTC.'),
  })
  .describe(
    'When of the day to rotate. Only with `every` of 1d, 7d, 30d (then once a calendar month) or 90d (once a quarter); weekday and day of the month follow from the name, so that keys do not rotate all at once. Left out, Secrets Manager picks any time of the UTC day.',
  );

const timeZone = z
  .string()
  .overwrite(trimmed)
  .refine(isTimeZone, says('is not a time zone', 'Give an IANA name such as Europe/Berlin, America/New_York or UTC.'));

/** Where each strategy has a rotation's next key from. */
const strategyTexts: Readonly<Record<StrategyKind, string>> = {
  pool: 'each rotation claims one of the standby keys that people made in the Claude Console',
};

const rotation = z
  .strictObject({
    strategy: z
      .enum(strategyKinds)
      .default('pool')
      .describe(strategyKinds.map((kind) => `\`${kind}\`: ${strategyTexts[kind]}.`).join(' ')),
    every: duration.default('30d').describe('Time between two rotations: 4h, 6h, 8h, 12h or whole days up to 999d.'),
    window: window.optional(),
    minimumGrace: duration
      .default('24h')
      .describe(
        'Shortest time that the old key stays active after the switch. More than 300s, the time for which consumers may cache a secret.',
      ),
    quiet: duration
      .default('6h')
      .describe('How long the usage report must show no tokens on the old key before it may become inactive. At least 15m.'),
    maximumGrace: duration
      .default('7d')
      .describe('After this time `atMaximum` decides about an old key that is still in use. Shorter than `every`.'),
    atMaximum: z
      .enum(['wait', 'cut'])
      .default('wait')
      .describe(
        '`wait`: a straggling old key stays active, and people are told who uses it. `cut`: it becomes inactive, and its users fail.',
      ),
    onDeath: z
      .enum(['rotate', 'ask'])
      .default('rotate')
      .describe(
        'What happens when the current key dies and Key Guard did not do it (disabled in the Console, found in public, expired). `rotate`: another key takes its place by itself, once an hour at the most. `ask`: people are told, and rotate.',
      ),
    undo: duration
      .default('7d')
      .describe('How long an inactive key can still be brought back. After that it is archived, which nobody can undo. At least 1h.'),
    maximumAge: duration
      .optional()
      .describe(
        'A promise: the longest that one API key may live between its first and its last use. Refused when `every` plus `maximumGrace` is longer; people are told when no rotation has succeeded in time to keep it. Left out, it is that sum and a day.',
      ),
    lowWater: duration
      .default('14d')
      .describe('People are asked for the next standby key when the pool reaches less far than this. At least 1h.'),
  })
  .superRefine(checkRotation, { when: () => true });

const containment = z.strictObject({
  mode: z
    .enum(['off', 'auto'])
    .default('off')
    .describe('`auto`: a key that looks stolen is made inactive by itself. `off`: people are told, and decide.'),
  lastCredential: z
    .enum(['keep', 'cut'])
    .default('keep')
    .describe("`keep`: containment never takes the managed key's last working credential. `cut`: it may, and consumers then fail."),
});

const replica = z
  .strictObject({
    region: z
      .string()
      .overwrite(trimmed)
      .overwrite((text) => text.toLowerCase())
      .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, says('is not the name of a Region', 'Give a name such as eu-west-1.'))
      .refine(
        (region) => partitionOf(region) !== undefined,
        says('is no Region that AWS has', 'Give a name such as eu-west-1: docs.aws.amazon.com/global-infrastructure lists them.'),
      )
      .describe('The other Region.'),
    encryptionKeyArn: z
      .string()
      .regex(
        /^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
        says('is not the ARN of a KMS key', 'Give the ARN of a key in that Region.'),
      )
      .optional()
      .describe(
        'A KMS key of that Region. Left out, the replica is encrypted with the AWS-managed key there, which other accounts cannot use.',
      ),
  })
  .describe('A replica of the secret that consumers read.');

const expectedUsage = z
  .strictObject({
    cron: z
      .string()
      .overwrite(trimmed)
      .describe(
        'When it begins, by the clocks of the time zone: minute, hour, day of the month, month, day of the week. `0 2 * * 1-5` is 02:00 from Monday to Friday.',
      ),
    length: duration.describe('How long it lasts, 15m to 3d. An hour at least lies between its end and the next beginning.'),
    because: z
      .string()
      .overwrite(trimmed)
      .min(1, says('says nothing', 'Give a few words.'))
      .max(200, says('is too long', 'Give at most 200 characters.'))
      .describe('Why, for whoever looks at it.'),
  })
  .superRefine(checkExpectedUsage, { when: () => true })
  .describe('A window of expected usage.');

export const managedKeySchema = z.strictObject({
  name: name.describe('What the team calls it. Names its secrets, outputs and metrics; renaming makes a new managed key.'),
  description: z
    .string()
    .max(200, says('is too long', 'Give at most 200 characters.'))
    .optional()
    .describe('For people: shown beside the secret.'),
  workspaceId: id('wrkspc', 'Settings → Workspaces (the default workspace has an id too)').describe(
    'The Anthropic workspace that every API key of this managed key must belong to.',
  ),
  rotation: rotation.prefault({}).describe('How the key rotates.'),
  replicas: z
    .array(replica)
    .max(10, says('has too many Regions', 'Give at most 10.'))
    .superRefine(checkReplicas, { when: () => true })
    .default([])
    .describe(
      'Other Regions in which consumers read the secret. Secrets Manager copies each new value there; people are told of one that lags or fails.',
    ),
  containment: containment.prefault({}).describe("What happens by itself when the key's usage looks stolen."),
  timeZone: timeZone
    .optional()
    .describe(
      'Time zone of the people or jobs that use the key, by its IANA name: so a change of clocks is no news. Left out, `detection.timeZone`.',
    ),
  expectedUsage: z
    .array(expectedUsage)
    .max(10, says('has too many windows', 'Give at most 10.'))
    .superRefine(checkExpectedUsages, { when: () => true })
    .default([])
    .describe(
      'When unusual usage of this key is expected, again and again: nobody is told of it then, nothing is cut off by it, and afterwards it is learnt as usual. For a single time there is `keyguard expect`.',
    ),
});

const baseUrl = z
  .string()
  .overwrite(canonicalOrigin)
  .refine(
    isSafeBaseUrl,
    says(
      'is not an address that keys may be sent to',
      'Give https://host, or http:// on 127.0.0.1, [::1] or localhost; no path, query, user or password.',
    ),
  );

const adminAccess = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('key').describe('A static Admin API key, kept in a secret of its own that you fill after the deployment.'),
    })
    .describe('A static Admin API key.'),
  z
    .strictObject({
      kind: z.literal('federation').describe('Workload Identity Federation: no static admin credential at all.'),
      federationRuleId: id('fdrl', 'Settings → Workload identity, the rule with scope org:admin').describe(
        'The federation rule with scope `org:admin`.',
      ),
      serviceAccountId: id('svac', 'Settings → Workload identity, the service account of that rule').describe(
        'The service account that the rule names.',
      ),
      audience: z
        .url(says('is not an address', `Give the audience of the federation rule, usually ${defaultAnthropicBaseUrl}.`))
        .default(defaultAnthropicBaseUrl)
        .describe('The audience that the rule expects.'),
    })
    .describe('Workload Identity Federation.'),
]);

export const heartbeatSchema = z
  .strictObject({
    managedKey: name.describe(
      'The managed key of this file whose current key sends the requests: one of its own, that nobody else uses. It rotates, and needs keys for that, as every other.',
    ),
    model: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, says('is not the id of a model', `Give one as the API names it: ${heartbeatModel}.`))
      .default(heartbeatModel)
      .describe('The model that is asked. The cheapest will do.'),
  })
  .describe(
    'One smallest request an hour, so that the usage report shows that it moves while nobody uses Claude. For an organization that sleeps: without it an old key, however silent, waits there for a time at which others work, or, with `atMaximum` `cut`, until `maximumGrace`. Left out, nothing is sent.',
  );

const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653] as const;

/** How each channel is turned on that the notifier delivers to. What opens it never stands here. */
const postedChannels = {
  slack: z
    .strictObject({
      webhook: z
        .literal(
          true,
          says(
            'is not a setting',
            'Give true. The address itself is a secret: after the deployment it goes into the secret that the output SlackWebhookSecretArn names.',
          ),
        )
        .describe('`true`: post by an incoming webhook whose address you store in a secret after the deployment.'),
    })
    .optional()
    .describe('Left out, nothing is posted to Slack.'),
} satisfies Record<PostedSetting, z.ZodOptional>;

const fields = z.strictObject({
  $schema: z.string().optional().describe('For editors: `./keyguard.schema.json`.'),
  installation: name
    .default('keyguard')
    .describe('Name of this installation: the stack, the dashboard, and a dimension of every metric. Renaming makes a new one.'),
  anthropic: z
    .strictObject({
      organizationId: z
        .string()
        .overwrite(trimmed)
        .overwrite((text) => text.toLowerCase())
        .regex(
          /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
          says('is not an organization id (a UUID)', 'Copy it from the Claude Console: Settings → Organization.'),
        )
        .describe('The UUID of your Anthropic organization.'),
      baseUrl: baseUrl.default(defaultAnthropicBaseUrl).describe("Where Anthropic's API is."),
      adminAccess: adminAccess.describe('How the functions reach the Admin API.'),
    })
    .describe('The Anthropic organization.'),
  operators: z
    .array(z.string().regex(operatorPattern, says('is not the ARN of a role or user', giveOperatorArn)))
    .max(20, says('has too many entries', 'Give at most 20; several people can share a role.'))
    .superRefine(checkOperators, { when: () => true })
    .default([])
    .describe(
      'Roles and users who work with the keyguard command. Only they and the functions may read the secrets of the Admin key and of the Slack webhook, and only they may write them; left out, only the functions may read them.',
    ),
  managedKeys: z
    .array(managedKeySchema)
    .min(1, says('names no key', 'Name at least one managed key.'))
    // Six resources each; a stack holds 500.
    .max(50, says('has more keys than one stack holds', 'Give at most 50; a second installation takes the others.'))
    .superRefine(checkManagedKeys, { when: () => true })
    .describe('The keys to manage, 1 to 50.'),
  alerts: z
    .strictObject({
      emails: z
        .array(
          z
            .string()
            .overwrite(canonicalAddress)
            .check(z.email(says('is not an email address', 'Give an address such as oncall@example.com.')))
            // RFC 5321, 4.5.3.1.
            .regex(
              /^(?=.{1,254}$).{1,64}@/,
              says('is longer than mail allows', 'Give at most 64 characters before the @, and 254 in all.'),
            ),
        )
        .min(1, says('names nobody', 'Give at least one address: the alarms about Key Guard itself go by email.'))
        .max(10, says('has too many addresses', 'Give at most 10; a distribution list reaches more people.'))
        .superRefine(checkEmails, { when: () => true })
        .describe(
          'Addresses that get every alert. Each must confirm two subscriptions by email: alerts, and alarms about Key Guard itself.',
        ),
      ...postedChannels,
    })
    .describe('Who is told.'),
  detection: z
    .strictObject({
      falseAlarmsPerMonth: z
        .number()
        .min(0.01, says('is too small to be kept', 'Give at least 0.01: one false alarm in eight years.'))
        .max(100, says('is more than anybody reads', 'Give at most 100.'))
        .default(1)
        .describe('False alarms a month, for the whole fleet, that you accept. Fewer means later detection.'),
      timeZone: timeZone
        .default('UTC')
        .describe('Time zone, by its IANA name, of the keys that name none: what is usual at an hour is learnt by its clocks.'),
    })
    .prefault({})
    .describe('How sensitive detection is.'),
  usage: z.strictObject({ heartbeat: heartbeatSchema.optional() }).prefault({}).describe('How usage is seen.'),
  logRetentionDays: z
    .literal(retentionDays, says('is not a retention that CloudWatch Logs offers', `Give one of ${retentionDays.join(', ')}.`))
    .default(365)
    .describe('Days for which the logs of the functions are kept.'),
});

export const configurationSchema = fields.superRefine(checkHeartbeat, { when: () => true });

export type Configuration = z.output<typeof configurationSchema>;
export type ManagedKeyConfiguration = z.output<typeof managedKeySchema>;
/** What may be written: fields with a default may be left out. */
export type ManagedKeyInput = z.input<typeof managedKeySchema>;
export type AdminAccessConfiguration = z.output<typeof adminAccess>;

/** The published JSON Schema, for editors: what may be written, so with defaults optional. */
export function configurationJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configurationSchema, { io: 'input' });
  return {
    $schema,
    title: 'Anthropic Key Guard configuration',
    description: 'keyguard.json. Values of keys, tokens and webhook addresses never belong here.',
    ...schema,
  };
}

/** A name, and no offset: what has no name knows no change of clocks. */
function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function isSafeBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) return false;
  return [text, `${text}/`].includes(`${url.origin}/`);
}
