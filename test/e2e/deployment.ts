import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ResourceNotFoundException,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { functionOutput, managedKeyOutputs, outputNames } from '../../contract/outputs.ts';
import type { Configuration } from '../../lib/config/schema.ts';
import { loadConfiguration } from '../../lib/config/load.ts';
import { realClock } from '../../local/clock.ts';
import { signed } from './signed.ts';
import { until } from './until.ts';

/** The configuration that was deployed. */
export const configuration: Configuration = loadConfiguration({ path: 'test/e2e/keyguard.json' }).configuration;

export const secrets = new SecretsManagerClient({});

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: see test/e2e/README.md`);
  return value;
}

/** Text that the deployment left: its outputs, and the emulator's log, which holds what the functions print. */
export const outputsText = (): string => readFileSync(needed('OUTPUTS_FILE'), 'utf8');
export const emulatorLog = (): string => readFileSync(needed('EMULATOR_LOG'), 'utf8');
/** A folder for what this run makes. */
export const scratchFolder = (): string => dirname(needed('OUTPUTS_FILE'));

function output(name: string): string {
  const stacks: unknown = JSON.parse(outputsText());
  const stack: unknown = stacks instanceof Object ? Reflect.get(stacks, configuration.installation) : undefined;
  const value: unknown = stack instanceof Object ? Reflect.get(stack, name) : undefined;
  if (typeof value !== 'string') throw new Error(`the outputs name no ${name} of ${configuration.installation}`);
  return value;
}

const functionOutputs = {
  rotationFunction: functionOutput('rotation'),
  retirementFunction: functionOutput('retirement'),
  usageCollectorFunction: functionOutput('usage-collector'),
  anomalyDetectorFunction: functionOutput('anomaly-detector'),
  notifierFunction: functionOutput('notifier'),
};

export const outputs = {
  of: (name: keyof typeof outputNames | keyof typeof functionOutputs): string => output({ ...outputNames, ...functionOutputs }[name]),
  secret: (managedKey: string): string => output(managedKeyOutputs(managedKey).secret),
};

export interface Invocation {
  /** HTTP status: 404 when there is no such function. */
  readonly status: number;
  /** What a function that threw says. */
  readonly errorMessage: string | undefined;
}

/** Runs a deployed function and waits for its end. */
export async function invoke(functionName: string, event: unknown): Promise<Invocation> {
  const endpoint = process.env['AWS_ENDPOINT_URL'] ?? `https://lambda.${needed('AWS_REGION')}.amazonaws.com`;
  const url = new URL(`/2015-03-31/functions/${functionName}/invocations`, endpoint);
  const body = JSON.stringify(event);
  const headers = signed(
    { url, body, service: 'lambda', region: needed('AWS_REGION'), at: new Date(realClock.now()) },
    {
      accessKeyId: needed('AWS_ACCESS_KEY_ID'),
      secretAccessKey: needed('AWS_SECRET_ACCESS_KEY'),
      sessionToken: process.env['AWS_SESSION_TOKEN'],
    },
  );
  const response = await fetch(url, { method: 'POST', body, headers });
  const text = await response.text();
  const failed = response.headers.has('x-amz-function-error');
  return { status: response.status, errorMessage: failed ? messageIn(text) : undefined };
}

function messageIn(text: string): string {
  const answer: unknown = JSON.parse(text);
  const message: unknown = answer instanceof Object ? Reflect.get(answer, 'errorMessage') : undefined;
  return typeof message === 'string' ? message : text;
}

/** What consumers read now; undefined while the secret is empty: the emulator gives a new secret a version with an empty text, AWS none. */
export async function currentValue(managedKey: string): Promise<string | undefined> {
  try {
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: outputs.secret(managedKey) }));
    return SecretString === '' ? undefined : SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}

export interface Labels {
  readonly current: string | undefined;
  readonly previous: string | undefined;
  readonly pending: string | undefined;
  readonly rotationEnabled: boolean;
  readonly lastRotatedAt: number | undefined;
}

/** Which version of a managed key's secret carries which label. */
export async function labels(managedKey: string): Promise<Labels> {
  const answer = await secrets.send(new DescribeSecretCommand({ SecretId: outputs.secret(managedKey) }));
  const withLabel = (label: string): string | undefined =>
    Object.entries(answer.VersionIdsToStages ?? {}).find(([, stages]) => stages.includes(label))?.[0];
  return {
    current: withLabel('AWSCURRENT'),
    previous: withLabel('AWSPREVIOUS'),
    pending: withLabel('AWSPENDING'),
    rotationEnabled: answer.RotationEnabled ?? false,
    lastRotatedAt: answer.LastRotatedDate?.getTime(),
  };
}

/** Rotates as an operator does, waits for its end (each step has answered), and returns the new value. */
export async function rotate(managedKey: string): Promise<string> {
  const before = await until('no rotation is under way', 30_000, async () => {
    const found = await labels(managedKey);
    // The emulator's instants are whole seconds, and the next end must have another one.
    const rested = Date.now() - (found.lastRotatedAt ?? 0) > 1000;
    return rested && (found.pending === undefined || found.pending === found.current) && found;
  });
  const { VersionId } = await secrets.send(new RotateSecretCommand({ SecretId: outputs.secret(managedKey) }));
  await until(`the rotation of ${managedKey} has ended`, 60_000, async () => {
    const { current, lastRotatedAt } = await labels(managedKey);
    return current !== before.current && current === VersionId && lastRotatedAt !== before.lastRotatedAt;
  });
  return (await currentValue(managedKey)) ?? '';
}
