import { Annotations, App, Stack, Validations } from 'aws-cdk-lib/core';
import { ConfigurationError, loadConfiguration } from '../lib/config/load.ts';
import { KeyguardStack } from '../lib/keyguard-stack.ts';
import { nagPacks, suppressNag } from '../lib/nag-suppressions.ts';

const app = new App();
const path: unknown = app.node.tryGetContext('config');

try {
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
  const { configuration, file } = loadConfiguration({ path: typeof path === 'string' ? path : undefined, homeRegion: region });
  // A forgotten "config" in ~/.cdk.json could name another file than the one that somebody has in mind.
  console.error(`Installation "${configuration.installation}" of ${file}`);
  const env = account === undefined || region === undefined ? {} : { env: { account, region } };
  const stack = new KeyguardStack(app, 'Keyguard', { configuration, stackName: configuration.installation, ...env });
  // The rules take seconds. A command that needs no code of the functions, such as bootstrap, deploys nothing that they could judge.
  if (stack.bundlingRequired) {
    suppressNag(stack, configuration);
    Validations.of(app).addPlugins(...nagPacks());
  }
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  if (error.kind === 'missing') {
    // `cdk bootstrap` runs the app too, and needs no configuration; synth and deploy end with an error that stands on a stack.
    Annotations.of(new Stack(app, 'NoConfiguration', { stackName: 'keyguard-without-configuration' })).addError(error.message);
  } else {
    console.error(error.message);
    process.exit(1);
  }
}
