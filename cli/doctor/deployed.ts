import type { FunctionName } from '../../contract/registry.ts';
import { functionsOf } from '../../contract/heartbeat.ts';
import { deployedFunctionName, secretsOf } from '../../contract/names.ts';
import { lambda } from '../../lambda/adapters/aws/clients.ts';
import { functionSettings } from '../../lambda/adapters/aws/function-settings.ts';
import { secretSettings, type SecretSettings } from '../../lambda/adapters/aws/rotation-schedule.ts';
import { KeyguardError } from '../../lambda/foundation/errors.ts';
import { definitionsOf } from '../../lib/config/policy.ts';
import { rotationRules } from '../../lib/config/rotation-rules.ts';
import type { Configuration, ManagedKeyConfiguration } from '../../lib/config/schema.ts';
import { deployedDefinitions } from '../deployed-definitions.ts';
import { definitionsThatDiffer, settingsThatDiffer } from '../file-and-deployment.ts';
import type { OpenInstallation } from '../installation.ts';
import { broken, checked, good, warning, type Answer, type Check } from './check.ts';

const deploy = 'deploy what keyguard.json says: npx cdk deploy';

/**
 * Whether what keyguard.json says is what is there: each function with its settings, and each managed key's schedule and copies.
 * What somebody deleted or changed behind the stack's back stays so at the next deployment, so the fixes name the resource.
 */
export async function deployedChecks(
  about: string,
  names: readonly string[],
  { configuration, secrets }: OpenInstallation,
): Promise<readonly Check[]> {
  const client = lambda();
  const functions = functionsOf(configuration.usage).map((name) =>
    checked(about, 'functions', async () => {
      const deployed = deployedFunctionName(configuration.installation, name);
      return functionAnswer(name, deployed, (await functionSettings(client, deployed))?.environment, configuration);
    }),
  );
  const managed = configuration.managedKeys.filter(({ name }) => names.includes(name));
  const keys = managed.map((key) =>
    checked(key.name, 'settings', async () => {
      const { secretName } = secretsOf(configuration.installation, key.name);
      return settingsAnswers(key, configuration.installation, await secretSettings(secrets, secretName));
    }),
  );
  const definitions = checked(about, 'managed keys', async () => {
    const deployed = await deployedDefinitions(configuration.installation);
    if (deployed instanceof KeyguardError) return warning(`not looked at: ${deployed.message}`, deployed.fix);
    const differences = definitionsThatDiffer(deployed, definitionsOf(configuration));
    if (differences.length === 0) return good('those of keyguard.json are those that are deployed');
    return warning(`keyguard.json is not what is deployed: ${differences.join('; ')}`, deploy);
  });
  return (await Promise.all([...functions, definitions, ...keys])).flat();
}

function functionAnswer(
  name: FunctionName,
  deployed: string,
  environment: Readonly<Record<string, string | undefined>> | undefined,
  configuration: Configuration,
): Answer {
  if (environment === undefined) {
    return broken(`there is no function ${deployed}`, 'bring it back: npx cdk deploy --revert-drift');
  }
  const others = settingsThatDiffer(name, environment, configuration);
  if (others.length === 0) return good(`${deployed} is there, and works with what keyguard.json says`);
  return warning(`${deployed} does not work with what keyguard.json says: ${others.join(', ')}`, deploy);
}

function settingsAnswers(key: ManagedKeyConfiguration, installation: string, found: SecretSettings): readonly Answer[] {
  const { scheduleExpression, duration } = rotationRules(key.rotation.every, key.rotation.window, `${installation}/${key.name}`);
  const answers: Answer[] = [];
  const wanted = scheduleText(scheduleExpression, duration);
  const there = found.schedule === undefined ? 'none' : scheduleText(found.schedule, found.window);
  if (there !== wanted) {
    const { secretName } = secretsOf(installation, key.name);
    const rules = JSON.stringify({ ScheduleExpression: scheduleExpression, ...(duration === undefined ? {} : { Duration: duration }) });
    answers.push(
      broken(
        `its schedule is ${there}, and keyguard.json says ${wanted}`,
        `npx cdk deploy; if somebody changed it by hand: aws secretsmanager rotate-secret --secret-id ${secretName} --no-rotate-immediately --rotation-rules '${rules}'`,
      ),
    );
  }
  const regions = key.replicas.map(({ region }) => region);
  for (const region of regions.filter((each) => !found.regions.includes(each))) {
    answers.push(
      broken(
        `it has no replica in ${region}, though keyguard.json names one: consumers there cannot read it`,
        `npx cdk deploy; if somebody removed it by hand: aws secretsmanager replicate-secret-to-regions --secret-id ${secretsOf(installation, key.name).secretName} --add-replica-regions Region=${region}`,
      ),
    );
  }
  for (const region of found.regions.filter((each) => !regions.includes(each))) {
    answers.push(
      warning(`it has a replica in ${region}, which keyguard.json does not name`, `name it in keyguard.json, or remove it: ${deploy}`),
    );
  }
  return answers.length > 0 ? answers : [good('schedule and replicas are what keyguard.json says')];
}

function scheduleText(expression: string, window: string | undefined): string {
  return window === undefined ? expression : `${expression} for ${window}`;
}
