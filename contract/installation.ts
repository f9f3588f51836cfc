import type { AdminAccess } from './environment.ts';

/**
 * What the command line needs to know of a deployed installation: the value of the SSM parameter
 * `/<installation>/installation`, written at deployment. Never holds a value that opens anything.
 */
export interface InstallationDefinition {
  readonly schema: 1;
  readonly installation: string;
  readonly anthropicBaseUrl: string;
  readonly organizationId: string;
  readonly adminAccess: AdminAccess;
  readonly stateTable: string;
  readonly alertTopicArn: string;
  /** Where CloudWatch says that Key Guard itself is in trouble; absent where an older version deployed. */
  readonly alarmTopicArn?: string;
  /** Empty without Slack. */
  readonly slackWebhookSecretArn: string;
  readonly dashboardUrl: string;
  /** Names of functions: rotation and retirement may be asked by an operator to try standby keys, and to retire what is due now. */
  readonly functions: {
    readonly rotation: string;
    readonly retirement: string;
    /** Carries alerts to Slack; absent where an older version deployed. */
    readonly notifier?: string;
  };
}

export function installationParameter(installation: string): string {
  return `/${installation}/installation`;
}

/** The SSM path under which each managed key's definition lies. */
export function keyDirectoryPath(installation: string): string {
  return `/${installation}/managed-keys`;
}
