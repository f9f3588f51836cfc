import { deployedFunctionName } from '../contract/names.ts';
import { definitionsRequest, type Definitions } from '../contract/policy.ts';
import { lambdaThatWaits } from '../lambda/adapters/aws/clients.ts';
import { invoke } from '../lambda/adapters/aws/invoke.ts';
import { isDefinitions } from '../lambda/adapters/definitions.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';

/** What the rotation function was deployed with, as it says itself; or why it does not say. */
export async function deployedDefinitions(installation: string): Promise<Definitions | KeyguardError> {
  const name = deployedFunctionName(installation, 'rotation');
  try {
    const answer = await invoke(lambdaThatWaits(), name, definitionsRequest);
    if (isDefinitions(answer)) return answer;
  } catch (error) {
    if (error instanceof KeyguardError) return error;
    throw error;
  }
  return new KeyguardError(
    'foreign-definition',
    `function ${name} is none that this version of Key Guard deployed`,
    'deploy again: npx cdk deploy',
  );
}
