import { credentialVariablesOf, environmentOf, variables, type VariableName } from '../../contract/environment.ts';
import { functionsOf } from '../../contract/heartbeat.ts';
import type { InstallationDefinition } from '../../contract/installation.ts';
import { deployedFunctionName } from '../../contract/names.ts';
import type { Definitions } from '../../contract/policy.ts';
import type { FunctionName } from '../../contract/registry.ts';
import { anomalyDetectorHandler } from '../../lambda/anomaly-detector.ts';
import { onFirstCall } from '../../lambda/foundation/once.ts';
import type { Runtime } from '../../lambda/foundation/runtime.ts';
import { heartbeatHandler } from '../../lambda/heartbeat.ts';
import { notifierHandler } from '../../lambda/notifier.ts';
import { retirementHandler } from '../../lambda/retirement.ts';
import { rotationHandler } from '../../lambda/rotation.ts';
import { usageCollectorHandler } from '../../lambda/usage-collector.ts';
import { definitionsDigest } from '../../lib/config/definitions-digest.ts';
import type { FunctionOptions } from '../aws/functions.ts';
import type { LocalAws } from '../aws/server.ts';
import { stackName } from './install.ts';

/** ARNs of the functions that AWS itself calls, and of the others. */
export type Functions = Readonly<Record<'rotation' | 'notifier', string>>;

export function registerFunctions(
  installation: InstallationDefinition,
  definitions: Definitions,
  falseAlarmsPerMonth: number,
  aws: LocalAws,
  runtime: Runtime,
): Functions {
  const values: Readonly<Record<VariableName, string>> = {
    anthropicBaseUrl: installation.anthropicBaseUrl,
    organizationId: installation.organizationId,
    adminAccess: JSON.stringify(installation.adminAccess),
    stateTable: installation.stateTable,
    alertTopic: installation.alertTopicArn,
    installation: installation.installation,
    stackName,
    falseAlarmsPerMonth: String(falseAlarmsPerMonth),
    dashboardUrl: installation.dashboardUrl,
    definitionsDigest: definitionsDigest(definitions),
    ...credentialVariablesOf(installation.channelSecrets),
  };
  const environment = (name: FunctionName): Readonly<Record<string, string>> =>
    Object.fromEntries(environmentOf[name].map((variable) => [variables[variable], values[variable]]));
  const arns = functionsOf(definitions).map((name) => {
    const { handler, ...options } = localFunctions[name];
    const own = environment(name);
    const settings = { alias: name, environment: own, ...options };
    // As Lambda does: what a function holds is made when it is called for the first time.
    const onCall = onFirstCall(() => handler(own, runtime, definitions));
    return [name, aws.functions.register(deployedFunctionName(installation.installation, name), onCall, settings)];
  });
  return Object.fromEntries(arns) as Functions;
}

interface LocalFunction extends Pick<FunctionOptions, 'invokedBy' | 'retryAttempts'> {
  readonly handler: (
    environment: Readonly<Record<string, string>>,
    runtime: Runtime,
    definitions: Definitions,
  ) => (event: unknown) => Promise<unknown>;
}

/** The real handlers, set up as the stack sets them up. */
const localFunctions: Readonly<Record<FunctionName, LocalFunction>> = {
  rotation: { handler: rotationHandler, invokedBy: ['secretsmanager.amazonaws.com'] },
  retirement: { handler: retirementHandler },
  'usage-collector': { handler: usageCollectorHandler },
  'anomaly-detector': { handler: anomalyDetectorHandler },
  notifier: { handler: notifierHandler },
  heartbeat: { handler: heartbeatHandler, retryAttempts: 0 },
};
