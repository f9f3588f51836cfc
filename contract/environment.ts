import { postedChannels, type FunctionName, type PostedChannel } from './registry.ts';

/** Name of the secret that opens a channel; absent where keyguard.json does not turn the channel on. */
export type CredentialVariable = `${PostedChannel}-secret`;

export function credentialVariable(kind: PostedChannel): CredentialVariable {
  return `${kind}-secret`;
}

/** The names of the secrets that a function is told; empty where a channel is not turned on. */
export function credentialVariablesOf(secrets: ReadonlyMap<PostedChannel, string>): Readonly<Record<CredentialVariable, string>> {
  const told = postedChannels.map((kind) => [credentialVariable(kind), secrets.get(kind) ?? '']);
  return Object.fromEntries(told) as Readonly<Record<CredentialVariable, string>>;
}

/** `slack-webhook` becomes SLACK_WEBHOOK_SECRET. */
const credentialVariables = Object.fromEntries(
  postedChannels.map((kind) => [credentialVariable(kind), `${kind.toUpperCase().replaceAll('-', '_')}_SECRET`]),
) as Readonly<Record<CredentialVariable, string>>;

/**
 * The environment variables of each function: what `lib/` writes and `lambda/` reads.
 * Names and ARNs only; no value that opens anything ever stands here (I4).
 */
export const variables = {
  anthropicBaseUrl: 'ANTHROPIC_BASE_URL',
  organizationId: 'ANTHROPIC_ORGANIZATION_ID',
  /** JSON of `AdminAccess`. */
  adminAccess: 'ADMIN_ACCESS',
  stateTable: 'STATE_TABLE',
  alertTopic: 'ALERT_TOPIC_ARN',
  /** The installation's name: the `Installation` dimension of every metric. */
  installation: 'INSTALLATION',
  /** The CloudFormation stack that this function is of. */
  stackName: 'STACK_NAME',
  /** Expected false alarms a month for the whole fleet. */
  falseAlarmsPerMonth: 'FALSE_ALARMS_PER_MONTH',
  dashboardUrl: 'DASHBOARD_URL',
  /** Of the definitions beside the function's code: tells the command line whether keyguard.json is what is deployed. */
  definitionsDigest: 'DEFINITIONS_DIGEST',
  ...credentialVariables,
} as const;
export type VariableName = keyof typeof variables;

const anthropic = ['anthropicBaseUrl', 'organizationId', 'adminAccess', 'definitionsDigest'] as const;
/** What whoever moves keys and tells people needs. */
const keyWork = [...anthropic, 'stateTable', 'alertTopic', 'installation', 'stackName', 'dashboardUrl'] as const;

/** Which variables each function needs; `adapters/environment.ts` says which may be absent. */
export const environmentOf = {
  rotation: keyWork,
  retirement: keyWork,
  'usage-collector': [...anthropic, 'stateTable', 'installation'],
  'anomaly-detector': [...keyWork, 'falseAlarmsPerMonth'],
  notifier: ['stateTable', 'installation', ...postedChannels.map(credentialVariable), 'dashboardUrl', 'definitionsDigest'],
  heartbeat: ['anthropicBaseUrl', 'stateTable', 'definitionsDigest'],
} as const satisfies Record<FunctionName, readonly VariableName[]>;

/** How the functions reach the Admin API (facts: a static Admin key, or WIF with `org:admin`). */
export type AdminAccess =
  | { readonly kind: 'key'; readonly secretName: string }
  | { readonly kind: 'federation'; readonly federationRuleId: string; readonly serviceAccountId: string; readonly audience: string };

export const defaultAnthropicBaseUrl = 'https://api.anthropic.com';
