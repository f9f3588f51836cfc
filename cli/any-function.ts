import type { LambdaClient } from '@aws-sdk/client-lambda';
import { environmentOf, variables } from '../contract/environment.ts';
import { functionNames, type FunctionName } from '../contract/registry.ts';
import { deployedFunctionName, homeOf, type Home } from '../contract/names.ts';
import { functionSettings, type FunctionSettings } from '../lambda/adapters/aws/function-settings.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';

/** What one of the deployed functions says of the installation that it is of. */
export interface DeployedFunction extends FunctionSettings {
  readonly name: FunctionName;
  readonly home: Home;
  readonly stateTable: string;
}

/** Retirement knows most, and is asked first: the others only where somebody deleted it. */
const inOrder = (['retirement', ...functionNames] as const).filter(
  (name, at, all) => all.indexOf(name) === at && environmentOf[name].some((variable) => variable === 'stateTable'),
);

/**
 * A function of this installation, whichever is there: one that is missing must not hide the others, least of all in an
 * emergency. Undefined where there is none. Throws KeyguardError `foreign-definition`.
 */
export async function anyFunction(client: LambdaClient, installation: string): Promise<DeployedFunction | undefined> {
  for (const name of inOrder) {
    const deployedName = deployedFunctionName(installation, name);
    const settings = await functionSettings(client, deployedName);
    if (settings === undefined) continue;
    const home = homeOf(settings.arn);
    const stateTable = settings.environment[variables.stateTable] ?? '';
    if (stateTable !== '' && home !== undefined) return { ...settings, name, home, stateTable };
    throw new KeyguardError(
      'foreign-definition',
      `function ${deployedName} is none that this version of Key Guard deployed`,
      'deploy again with this version: npx cdk deploy',
    );
  }
  return undefined;
}
