import type { FunctionName, PostedChannel } from './registry.ts';

/** Names of the stack's outputs. Operators and tools read them, so they never change. */
export const outputNames = {
  alertTopic: 'AlertTopicArn',
  stateTable: 'StateTableName',
  dashboardUrl: 'DashboardUrl',
  encryptionKey: 'EncryptionKeyArn',
  adminKeySecret: 'AdminKeySecretArn',
} as const;

/** `production-eu` becomes `ProductionEu`: the prefix of a managed key's own outputs and construct ids. */
export function pascalCase(name: string): string {
  return name.replace(/(?:^|-)([a-z0-9])/g, (_match, first: string) => first.toUpperCase());
}

/** `usage-collector` has the output UsageCollectorFunctionName. */
export function functionOutput(name: FunctionName): string {
  return `${pascalCase(name)}FunctionName`;
}

/** Of a channel that the notifier delivers to: the secret to fill after the deployment. */
export function channelOutput(kind: PostedChannel): string {
  return `${pascalCase(kind)}SecretArn`;
}

export function managedKeyOutputs(name: string): { readonly secret: string; readonly standbySecret: string } {
  return { secret: `${pascalCase(name)}SecretArn`, standbySecret: `${pascalCase(name)}StandbySecretArn` };
}
