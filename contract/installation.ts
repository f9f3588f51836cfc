import type { AdminAccess } from './environment.ts';
import type { ChannelSecrets } from './names.ts';

/** What the command line knows of a deployed installation: what keyguard.json says, and what the deployed functions work with. */
export interface InstallationDefinition {
  readonly installation: string;
  readonly anthropicBaseUrl: string;
  readonly organizationId: string;
  readonly adminAccess: AdminAccess;
  readonly stateTable: string;
  readonly alertTopicArn: string;
  /** Where CloudWatch says that Key Guard itself is in trouble. */
  readonly alarmTopicArn: string;
  /** Of each channel that is turned on and needs one: the name of the secret that opens it. */
  readonly channelSecrets: ChannelSecrets;
  readonly dashboardUrl: string;
  /** Names of functions: rotation and retirement may be asked by an operator to try standby keys, and to retire what is due now. */
  readonly functions: { readonly rotation: string; readonly retirement: string; readonly notifier: string };
}
